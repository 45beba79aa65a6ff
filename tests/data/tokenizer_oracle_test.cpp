// Ids and texts against the `tokenizers` package, live. LETHE_MODEL_DIR names a directory with SmolLM2's
// tokenizer.json.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>

#include "framework/data/tokenizer/tokenizer.h"
#include "tests/data/hard_strings.h"
#include "tests/data/oracle.h"
#include "tests/support/environment.h"

namespace lethe::data {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

void append_strings(const json& value, std::set<std::string>& texts) {
  if (value.is_string()) texts.insert(value.get<std::string>());
  if (value.is_structured())
    for (const auto& item : value) append_strings(item, texts);
}

std::vector<std::string> tofu_texts() {
  std::set<std::string> texts;  // the files overlap
  for (const auto& entry : fs::directory_iterator(lethe::testing::tofu_directory())) {
    if (entry.path().extension() != ".json") continue;
    std::ifstream file(entry.path());
    for (std::string line; std::getline(file, line);) append_strings(json::parse(line), texts);
  }
  return {texts.begin(), texts.end()};
}

void expect_equal(const std::string& directory, const std::vector<std::string>& texts, bool special) {
  const auto tokenizer = Tokenizer::load(directory);
  const auto answer = testing::ask_oracle(
      "encode.py", {{"directory", directory}, {"add_special_tokens", special}, {"texts", texts}});
  ASSERT_EQ(answer.size(), texts.size());
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto ids = tokenizer.encode(texts[i], special);
    ASSERT_EQ(ids, answer[i][0].get<std::vector<std::int32_t>>()) << i << ": " << texts[i].substr(0, 200);
    ASSERT_EQ(tokenizer.decode(ids, false), answer[i][1].get<std::string>()) << i;
    ASSERT_EQ(tokenizer.decode(ids, true), answer[i][2].get<std::string>()) << i;
  }
}

class TokenizerOracle : public ::testing::TestWithParam<const char*> {};

TEST_P(TokenizerOracle, AgreesOnHardStrings) {
  LETHE_NEED_ORACLE("tokenizers");
  const std::string directory = LETHE_SOURCE_DIR "/tests/golden/tokenizers/" + std::string(GetParam());
  expect_equal(directory, testing::hard_strings(11, 2500), true);
}

INSTANTIATE_TEST_SUITE_P(Families, TokenizerOracle,
                         ::testing::Values("smollm", "llama3", "qwen2", "llama2", "gemma", "mistral"),
                         [](const auto& info) { return std::string(info.param); });

TEST(TokenizerOracle, AgreesOnEveryTofuText) {
  LETHE_NEED_ORACLE("tokenizers");
  LETHE_NEED_TOFU();
  const auto texts = tofu_texts();
  ASSERT_GT(texts.size(), 10000u);
  expect_equal(LETHE_SOURCE_DIR "/tests/golden/tokenizers/smollm", texts, false);
}

TEST(TokenizerOracle, AgreesOnSmolLm2) {
  LETHE_NEED_ORACLE("tokenizers");
  const char* directory = std::getenv("LETHE_MODEL_DIR");
  if (directory == nullptr) GTEST_SKIP() << "LETHE_MODEL_DIR is not set";
  expect_equal(directory, testing::hard_strings(12, 2500), false);
  if (fs::exists(lethe::testing::tofu_directory())) expect_equal(directory, tofu_texts(), false);
}

}  // namespace
}  // namespace lethe::data
