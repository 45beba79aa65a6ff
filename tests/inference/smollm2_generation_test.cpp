// SmolLM2-135M-Instruct, 64 tokens, float32: the tokens that transformers generates
// (tests/golden/generation), for every fifth of 50 prompts, or for all of them (LETHE_ALL_PROMPTS, set by the
// entry with label `release`). Two programs add in different orders, so they may differ where the two best
// logits are closer than 1e-4; such places are counted and said.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>

#include "framework/inference/generation.h"
#include "framework/models/hf_config.h"
#include "framework/models/loader.h"
#include "tests/support/tiny_model.h"

namespace lethe::inference {
namespace {

constexpr double kTie = 1e-4;

struct Golden {
  std::vector<std::vector<std::int32_t>> prompts, tokens;
  std::vector<std::vector<double>> margins;
};

Golden read_golden() {
  std::ifstream file(std::string(LETHE_SOURCE_DIR) + "/tests/golden/generation/golden.jsonl");
  Golden golden;
  std::string line;
  std::getline(file, line);  // what made it
  const int stride = std::getenv("LETHE_ALL_PROMPTS") != nullptr ? 1 : 5;
  for (int at = 0; std::getline(file, line); ++at) {
    if (at % stride != 0) continue;
    const auto row = nlohmann::json::parse(line);
    golden.prompts.push_back(row["prompt"]);
    golden.tokens.push_back(row["tokens"]);
    golden.margins.push_back(row["margins"]);
  }
  return golden;
}

// True where both go the same way up to a place at which transformers' own choice was a tie.
bool same_up_to_a_tie(const Golden& golden, std::size_t p, const std::vector<std::int32_t>& tokens,
                      int& ties) {
  const auto& expected = golden.tokens[p];
  for (std::size_t t = 0; t < std::max(expected.size(), tokens.size()); ++t) {
    if (t < expected.size() && t < tokens.size() && expected[t] == tokens[t]) continue;
    const bool tie = t < golden.margins[p].size() && golden.margins[p][t] < kTie;
    if (tie) ++ties;
    return tie;
  }
  return true;
}

TEST(SmolLm2Generation, GivesTheTokensOfTransformers) {
  const char* directory = std::getenv("LETHE_MODEL_DIR");
  if (directory == nullptr) GTEST_SKIP() << "LETHE_MODEL_DIR is not set";
  const Golden golden = read_golden();
  ASSERT_THAT(golden.prompts.size(), ::testing::AnyOf(10U, 50U));
  const models::DecoderModel model = models::make_decoder_model(models::read_hf_config(directory));
  const auto world = dist::make_single_group();
  sharding::Grid grid(*world, {});
  sharding::WeightStore weights(model.index, grid, {.compute = at::kFloat});
  const models::ModelFiles files(directory, model.index);
  weights.load([&](std::uint64_t first, std::span<float> out) { files.read(first, out); });
  const Generated out =
      generate(model, weights, *world, golden.prompts, {.max_new_tokens = 64, .stop_ids = {2}});
  int ties = 0;
  for (std::size_t p = 0; p < golden.prompts.size(); ++p)
    EXPECT_TRUE(same_up_to_a_tie(golden, p, out.tokens[p], ties)) << "prompt " << p;
  RecordProperty("ties", ties);
  std::printf("%d of %zu generations differ, each from a tie below %g on\n", ties, golden.prompts.size(),
              kTie);
}

}  // namespace
}  // namespace lethe::inference
