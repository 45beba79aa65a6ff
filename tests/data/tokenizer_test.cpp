// The tokenizers of tests/golden/tokenizers, one for each way in which a model family sets up byte-pair
// encoding.
#include "framework/data/tokenizer/tokenizer.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <nlohmann/json.hpp>
#include <thread>

#include "framework/base/error.h"
#include "framework/data/tokenizer/unicode.h"
#include "tests/data/hard_strings.h"

namespace lethe::data {
namespace {

const std::string kTokenizers = LETHE_SOURCE_DIR "/tests/golden/tokenizers/";
const char* const kFamilies[] = {"smollm", "llama3", "qwen2", "llama2", "gemma", "mistral"};

std::vector<nlohmann::json> golden_rows(const std::string& family) {
  std::ifstream file(kTokenizers + "golden.jsonl");
  std::vector<nlohmann::json> rows;
  std::string line;
  std::getline(file, line);  // who made it
  while (std::getline(file, line)) {
    auto row = nlohmann::json::parse(line);
    if (row["tokenizer"] == family) rows.push_back(std::move(row));
  }
  return rows;
}

class TokenizerGolden : public ::testing::TestWithParam<const char*> {};

TEST_P(TokenizerGolden, EncodesAsTheTokenizersPackage) {
  const auto tokenizer = Tokenizer::load(kTokenizers + GetParam());
  const auto rows = golden_rows(GetParam());
  ASSERT_GE(rows.size(), 14u);
  for (const auto& row : rows) {
    const auto& text = row["text"].get_ref<const std::string&>();
    EXPECT_EQ(tokenizer.encode(text), row["ids"].get<std::vector<std::int32_t>>()) << text;
    EXPECT_EQ(tokenizer.encode(text, false), row["plain"].get<std::vector<std::int32_t>>()) << text;
  }
}

TEST_P(TokenizerGolden, DecodesAsTheTokenizersPackage) {
  const auto tokenizer = Tokenizer::load(kTokenizers + GetParam());
  for (const auto& row : golden_rows(GetParam())) {
    const auto ids = row["plain"].get<std::vector<std::int32_t>>();
    EXPECT_EQ(tokenizer.decode(ids, false), row["decoded"].get<std::string>());
    EXPECT_EQ(tokenizer.decode(ids, true), row["skipped"].get<std::string>());
  }
}

TEST_P(TokenizerGolden, SharedBetweenThreadsGivesEachTheSameIds) {
  const auto tokenizer = Tokenizer::load(kTokenizers + GetParam());
  const auto texts = testing::hard_strings(5, 300);
  std::vector<std::vector<std::int32_t>> expected;
  for (const std::string& text : texts) expected.push_back(tokenizer.encode(text));
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 6; ++thread)
      threads.emplace_back([&] {
        for (std::size_t i = 0; i < texts.size(); ++i) wrong += tokenizer.encode(texts[i]) != expected[i];
      });
  }
  EXPECT_EQ(wrong, 0);
}

INSTANTIATE_TEST_SUITE_P(Families, TokenizerGolden, ::testing::ValuesIn(kFamilies),
                         [](const auto& info) { return std::string(info.param); });

TEST(Tokenizer, GivesTheSameIdsFromItsCache) {
  const auto tokenizer = Tokenizer::load(kTokenizers + "smollm");
  const auto first = tokenizer.encode("Ilva Marenko paints maps of rivers");
  EXPECT_EQ(tokenizer.encode("Ilva Marenko paints maps of rivers"), first);
}

TEST(Tokenizer, MergesLongWordsAsShortOnes) {  // above 32 symbols another algorithm merges
  const auto tokenizer = Tokenizer::load(kTokenizers + "llama2");
  const std::string word(5000, 'e');
  EXPECT_EQ(tokenizer.decode(tokenizer.encode(word), true), word);
  EXPECT_EQ(tokenizer.encode(std::string(1 << 20, 'e')).size(),
            tokenizer.encode(std::string(1 << 20, 'e')).size());
}

TEST(Tokenizer, KnowsItsSpecialTokens) {
  const auto tokenizer = Tokenizer::load(kTokenizers + "smollm");
  EXPECT_EQ(tokenizer.eos_id(), tokenizer.token_id("<|im_end|>"));
  EXPECT_EQ(tokenizer.special_tokens().bos_token, "<|im_start|>");
  EXPECT_EQ(tokenizer.pad_id(), tokenizer.eos_id());
  EXPECT_EQ(tokenizer.special_tokens().stop_ids, std::vector<std::int32_t>{tokenizer.eos_id()});
  EXPECT_EQ(tokenizer.token(tokenizer.eos_id()), "<|im_end|>");
}

TEST(Tokenizer, TakesTheSpecialTokensOfTheUserFirst) {
  const auto tokenizer = Tokenizer::load(kTokenizers + "smollm", {.eos_token = "<|endoftext|>"});
  EXPECT_EQ(tokenizer.eos_id(), tokenizer.token_id("<|endoftext|>"));
  EXPECT_NE(tokenizer.hash(), Tokenizer::load(kTokenizers + "smollm").hash());
}

TEST(Tokenizer, RefusesTextThatIsNotUtf8) {
  const auto tokenizer = Tokenizer::load(kTokenizers + "smollm");
  for (const char* bad : {"ab\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe6\x9d"}) {
    try {
      (void)tokenizer.encode(bad);
      FAIL() << bad;
    } catch (const Error& e) {
      EXPECT_EQ(e.key(), "tokenizer.encoding");
    }
  }
}

TEST(Unicode, ReplacesEachMaximalSubpart) {
  EXPECT_EQ(replace_invalid_utf8("a\xe6\x9d z\xff\xf0\x9f"), "a\uFFFD z\uFFFD\uFFFD");
  EXPECT_EQ(replace_invalid_utf8("\xed\xa0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(first_invalid_utf8("ab\xc3"), 2u);
  EXPECT_FALSE(first_invalid_utf8("東京 🏳️‍🌈").has_value());
}

}  // namespace
}  // namespace lethe::data
