// What a tokenizer.json must not get away with: each case changes one thing of a good file.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <functional>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/data/tokenizer/regex.h"
#include "framework/data/tokenizer/tokenizer.h"
#include "tests/data/oracle.h"

namespace lethe::data {
namespace {

using nlohmann::json;

json good_tokenizer() {
  return json::parse(base::read_file(LETHE_SOURCE_DIR "/tests/golden/tokenizers/smollm/tokenizer.json"));
}

Tokenizer load_text(const std::string& text) {
  const auto folder = testing::fresh_folder("model");
  base::write_file_atomically(folder + "/tokenizer.json", text);
  return Tokenizer::load(folder);
}

void expect_refused(const std::string& text, const std::string& key, const std::string& words) {
  try {
    (void)load_text(text);
    FAIL() << "accepted: " << words;
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), key) << e.what();
    EXPECT_NE(e.message().find(words), std::string::npos) << e.what();
  }
}

void expect_refused(const std::function<void(json&)>& change, const std::string& key,
                    const std::string& words) {
  json file = good_tokenizer();
  change(file);
  expect_refused(file.dump(), key, words);
}

TEST(TokenizerRefuses, ADirectoryWithoutTokenizerJson) {
  const auto folder = testing::fresh_folder("model");
  base::write_file_atomically(folder + "/tokenizer.model", "x");
  try {
    (void)Tokenizer::load(folder);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "tokenizer.format");
    EXPECT_EQ(e.exit_code(), 66);
    EXPECT_NE(e.message().find("only tokenizer.model"), std::string::npos);
  }
}

TEST(TokenizerRefuses, WhatIsNotJson) {
  expect_refused("{\"model\": ", "tokenizer.json", "tokenizer.json");
  expect_refused("{}", "tokenizer.json", "no `model`");
  expect_refused([](json& f) { f["model"]["merges"] = 3; }, "tokenizer.json", "merges");
}

TEST(TokenizerRefuses, ComponentsItDoesNotKnow) {
  expect_refused(
      [](json& f) {
        f["normalizer"] = {{"type", "Precompiled"}};
      },
      "tokenizer.component", "normalizer Precompiled is not supported");
  expect_refused(
      [](json& f) {
        f["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
      },
      "tokenizer.component", "pre_tokenizer BertPreTokenizer");
  expect_refused(
      [](json& f) {
        f["decoder"] = {{"type", "WordPiece"}};
      },
      "tokenizer.component", "decoder WordPiece");
  expect_refused(
      [](json& f) {
        f["post_processor"] = {{"type", "BertProcessing"}};
      },
      "tokenizer.component", "post_processor BertProcessing");
  expect_refused([](json& f) { f["model"]["type"] = "Unigram"; }, "tokenizer.component", "model Unigram");
  expect_refused([](json& f) { f["model"]["dropout"] = 0.1; }, "tokenizer.component", "dropout");
  expect_refused([](json& f) { f["model"]["end_of_word_suffix"] = "</w>"; }, "tokenizer.component",
                 "end_of_word");
}

TEST(TokenizerRefuses, MergesThatMakeNoToken) {
  expect_refused([](json& f) { f["model"]["merges"].push_back("Ġx y"); }, "tokenizer.merge",
                 "(\"Ġx\" \"y\") makes no token");
  expect_refused([](json& f) { f["model"]["merges"].push_back("a b c"); }, "tokenizer.merge",
                 "is not a pair");
  expect_refused([](json& f) { f["model"]["merges"].push_back({"a"}); }, "tokenizer.merge", "is not a pair");
}

TEST(TokenizerRefuses, IdsThatClashOrLeaveGaps) {
  expect_refused([](json& f) { f["model"]["vocab"]["zzz"] = 17; }, "tokenizer.id", "id 17 used by");
  expect_refused([](json& f) { f["model"]["vocab"]["zzz"] = -1; }, "tokenizer.id", "has id -1");
  expect_refused([](json& f) { f["model"]["vocab"]["zzz"] = 1e18; }, "tokenizer.id", "zzz");
  expect_refused([](json& f) { f["model"]["vocab"]["zzz"] = "7"; }, "tokenizer.id", "not an integer");
  expect_refused([](json& f) { f["added_tokens"].back()["id"] = 9999; }, "tokenizer.id", "has id 9999");
  expect_refused([](json& f) { f["added_tokens"][0]["id"] = 5; }, "tokenizer.id", "the vocabulary gives 0");
  expect_refused([](json& f) { f["added_tokens"] = json::array(), f["model"]["vocab"]["zzz"] = 999; },
                 "tokenizer.id", "belongs to no token");
  std::string twice = good_tokenizer().dump();
  twice.insert(twice.find("\"vocab\":{") + 9, "\"a\":9999,");
  expect_refused(twice, "tokenizer.id", "\"a\" appears twice");
}

TEST(TokenizerRefuses, SpecialTokensThatAreNotThere) {
  const std::string smollm = LETHE_SOURCE_DIR "/tests/golden/tokenizers/smollm";
  EXPECT_THROW((void)Tokenizer::load(smollm, {.eos_token = "<nope>"}), Error);
  const auto tokenizer = load_text(good_tokenizer().dump());  // no tokenizer_config.json beside it
  try {
    (void)tokenizer.eos_id();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "tokenizer.special");
    EXPECT_EQ(e.exit_code(), 78);
    EXPECT_NE(std::string(e.what()).find("tokenizer.eos_token"), std::string::npos);
  }
}

// Errors of loading the tokenizer with that `added_tokens_decoder` beside it.
std::string key_with_decoder(const json& decoder) {
  const auto folder = testing::fresh_folder("model");
  base::write_file_atomically(folder + "/tokenizer.json", good_tokenizer().dump());
  base::write_file_atomically(folder + "/tokenizer_config.json",
                              json{{"added_tokens_decoder", decoder}}.dump());
  try {
    (void)Tokenizer::load(folder);
    return "accepted";
  } catch (const Error& e) {
    EXPECT_NE(e.hint().find("save_pretrained"), std::string::npos) << e.hint();
    return e.key();
  }
}

TEST(TokenizerRefuses, TokensThatOnlyItsConfigurationAdds) {
  const json first = good_tokenizer()["added_tokens"][0];
  const std::string content = first["content"], id = std::to_string(first["id"].get<int>());
  EXPECT_EQ(key_with_decoder({{id, {{"content", content}}}}), "accepted");
  EXPECT_EQ(key_with_decoder({{"9999", {{"content", content}}}}), "tokenizer.id");
  EXPECT_EQ(key_with_decoder({{"9999", {{"content", "<extra>"}}}}), "tokenizer.id");
  // In the vocabulary, but not found as a whole in a text as transformers then does.
  const int the = good_tokenizer()["model"]["vocab"]["Ġthe"];
  EXPECT_EQ(key_with_decoder({{std::to_string(the), {{"content", "Ġthe"}}}}), "tokenizer.id");
}

json split_by(const std::string& regex) {
  return {{"type", "Split"}, {"pattern", {{"Regex", regex}}}, {"behavior", "Isolated"}, {"invert", false}};
}

TEST(TokenizerRefuses, RegularExpressionsItCannotKeepTheMeaningOf) {
  for (const char* pattern :
       {"(", "a(?m:.)", "[a&&b]", "\\h+", "\\bx", "a{1,2}+", "[[a]b]", "\\k<x>", "\\Gx"})
    expect_refused([&](json& f) { f["pre_tokenizer"] = split_by(pattern); }, "tokenizer.regex", "`");
}

TEST(TokenizerRefuses, EndlessBacktrackingWithinASecond) {
  const auto start = std::chrono::steady_clock::now();
  json file = good_tokenizer();
  file["pre_tokenizer"] = split_by("(a+)+\\z");
  const auto tokenizer = load_text(file.dump());
  try {
    (void)tokenizer.encode(std::string(60, 'a') + "b");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "tokenizer.regex");
    EXPECT_NE(e.message().find("match limit reached"), std::string::npos);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

TEST(Regex, MeansWhatOnigurumaMeans) {
  EXPECT_EQ(to_pcre2("\\s+[^\\s\\d]\\p{L}\\u00e9"), "\\p{White_Space}+[^\\p{White_Space}\\d]\\p{L}\\x{00e9}");
  std::vector<std::size_t> ends;
  Regex("\\s").for_each_match("a\u180eb\u0085c", [&](std::size_t, std::size_t end) { ends.push_back(end); });
  EXPECT_EQ(ends, std::vector<std::size_t>{7});  // U+180E is white space to PCRE2's \s and to nobody else
}

TEST(Regex, StepsOverEmptyMatches) {
  int matches = 0;
  Regex("x*").for_each_match("axé", [&](std::size_t, std::size_t) { ++matches; });
  EXPECT_EQ(matches, 3);  // "", "x", and the end
}

}  // namespace
}  // namespace lethe::data
