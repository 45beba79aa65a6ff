// Logits and gradients against transformers (golden files of tests/golden/models/llama_oracle.py; with
// LETHE_LIVE_ORACLES they are made again and compared).
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "framework/config/document.h"
#include "framework/models/loader.h"
#include "framework/ops/attention.h"
#include "framework/training/train_step.h"
#include "framework/walk/cached_walk.h"
#include "tests/support/tiny_model.h"

namespace lethe::inference {
namespace {

namespace fs = std::filesystem;
const fs::path kGolden = LETHE_SOURCE_DIR "/tests/golden/models";
const fs::path kTiny = kGolden / "tiny_llama";
const fs::path kSmolLogits = kGolden / "smollm2_logits.txt";
constexpr std::int64_t kEveryLogit = 997;

// A model directory on one rank.
struct OneRank {
  explicit OneRank(const fs::path& directory)
      : model(models::make_decoder_model(models::read_hf_config(directory))),
        world(dist::make_single_group()),
        engine(model, *world, sharding::grid_shape(0, 0, 1), {.poison_released = true}) {
    const models::ModelFiles files(directory, model.index);
    engine.weights.load([&](std::uint64_t first, std::span<float> out) { files.read(first, out); });
  }
  at::Tensor logits(const std::vector<std::int32_t>& ids) {
    const std::vector<data::Document> documents = {{.ids = ids}};
    const data::Pack pack = data::make_pack(documents);
    const at::Tensor hidden =
        walk::run_blocks(model, engine.weights, at::tensor(pack.ids, at::kLong), pack.positions,
                         [&](int, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
                           return ops::attention(q, k, v, pack.document_offsets);
                         });
    return walk::logits_of(model, engine.weights, hidden);
  }
  models::DecoderModel model;
  std::unique_ptr<dist::ProcessGroup> world;
  lethe::testing::TinyEngine engine;
};

nlohmann::json expected_of_tiny() {
  std::ifstream file(kTiny / "expected.json");
  return nlohmann::json::parse(file);
}

TEST(Transformers, GivesTheLogitsOfATinyLlama) {
  const nlohmann::json expected = expected_of_tiny();
  const auto rows = expected["logits"].get<std::vector<std::vector<double>>>();
  const at::Tensor actual = OneRank(kTiny / "model")
                                .logits(expected["documents"][0].get<std::vector<std::int32_t>>())
                                .to(at::kDouble);
  ASSERT_EQ(actual.size(0), static_cast<std::int64_t>(rows.size()));
  double worst = 0;
  for (std::size_t r = 0; r < rows.size(); ++r)
    for (std::size_t c = 0; c < rows[r].size(); ++c)
      worst = std::max(worst, std::abs(actual[r].const_data_ptr<double>()[c] - rows[r][c]));
  EXPECT_LE(worst, 1e-5);
}

TEST(Transformers, GivesTheGradientOfATinyLlama) {
  const nlohmann::json expected = expected_of_tiny();
  const auto texts = expected["documents"].get<std::vector<std::vector<std::int32_t>>>();
  OneRank rank(kTiny / "model");
  training::TrainingData data;
  for (std::size_t d = 0; d < texts.size(); ++d)
    data.documents[0].push_back(
        {.ids = texts[d], .prompt_tokens = expected["prompt_tokens"][d].get<std::int64_t>()});
  config::Section root = config::parse("objective: finetune");
  std::string name;
  const auto objective = objectives::make_objective(root, name);
  walk::BlockWalk walk(rank.model, rank.engine.weights);
  const std::vector<std::int64_t> all = {0, 1};
  const auto items = training::batch_items(data, objective->needs(), {.forget = all});
  const auto step = training::compute_gradient(walk, rank.engine.gradients, *objective, data, items,
                                               {.micro_batch = 2}, *rank.world);
  EXPECT_NEAR(step.loss, expected["loss"].get<double>(), 1e-5 * expected["loss"].get<double>());

  at::Tensor theirs = at::empty({static_cast<std::int64_t>(rank.model.index.size())}, at::kFloat);
  models::ModelFiles(kTiny / "gradient", rank.model.index)
      .read(0, std::span(theirs.mutable_data_ptr<float>(), rank.model.index.size()));
  const at::Tensor ours = lethe::testing::whole_gradient(rank.model.index, rank.engine.gradients);
  EXPECT_LE(lethe::testing::largest_tensor_difference(rank.model.index, ours, theirs.to(at::kDouble)), 1e-5);
}

TEST(Transformers, GivesTheLogitsOfSmolLM2) {
  const char* directory = std::getenv("LETHE_MODEL_DIR");
  if (directory == nullptr || !fs::exists(fs::path(directory) / "config.json"))
    GTEST_SKIP() << "LETHE_MODEL_DIR names no model directory (launchers/setup makes one)";
  std::ifstream file(kSmolLogits);
  std::string line;
  std::vector<std::vector<double>> rows;
  while (std::getline(file, line)) {
    if (line.starts_with('#')) continue;
    std::istringstream words(line);
    rows.emplace_back(std::istream_iterator<double>(words), std::istream_iterator<double>());
  }
  ASSERT_GT(rows.size(), 30u);
  const std::vector<std::int32_t> ids(rows[0].begin(), rows[0].end());
  const at::Tensor actual = OneRank(directory).logits(ids);
  ASSERT_EQ(rows.size(), ids.size() + 1);
  double worst = 0;
  for (std::size_t r = 0; r < ids.size(); ++r)
    for (std::size_t c = 0; c < rows[r + 1].size(); ++c)
      worst = std::max(
          worst, std::abs(static_cast<double>(
                              actual[static_cast<std::int64_t>(r)].const_data_ptr<float>()[c * kEveryLogit]) -
                          rows[r + 1][c]));
  EXPECT_LE(worst, 1e-4);
}

int oracle(const std::string& arguments) {
  return std::system(fmt::format("OMP_NUM_THREADS=1 '{}' '{}' {} --check", std::getenv("LETHE_ORACLE_PYTHON"),
                                 (kGolden / "llama_oracle.py").string(), arguments)
                         .c_str());
}

TEST(Transformers, StillSaysWhatTheGoldenFilesSay) {
  if (std::getenv("LETHE_LIVE_ORACLES") == nullptr) GTEST_SKIP() << "runs with launchers/test --oracles";
  EXPECT_EQ(oracle("tiny " + kTiny.string()), 0);
  const char* directory = std::getenv("LETHE_MODEL_DIR");
  if (directory == nullptr) return;
  EXPECT_EQ(oracle(fmt::format("logits '{}' '{}'", directory, kSmolLogits.string())), 0);
}

}  // namespace
}  // namespace lethe::inference
