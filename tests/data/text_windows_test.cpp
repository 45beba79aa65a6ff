#include "framework/data/text_windows.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/data/sample_tokens.h"

namespace lethe::data {
namespace {

const std::string kSmolLm = LETHE_SOURCE_DIR "/tests/golden/tokenizers/smollm";

SampleFile news() {
  SampleFile file{.samples = {}, .hash = "0"};
  for (const char* text : {"The mayor of Kalmora opened the bridge on Monday, in the rain.",
                           "Nobody came; the band played on until the evening — twice."}) {
    Sample sample;
    sample.answer = text;
    file.samples.push_back(sample);
  }
  return file;
}

TEST(TextWindows, ScoreEveryTokenOnce) {
  for (const auto& [tokens, length, overlap] : {std::tuple(0, 4, 0), std::tuple(3, 4, 1), std::tuple(4, 4, 0),
                                                std::tuple(10, 4, 0), std::tuple(11, 5, 3)}) {
    std::int64_t scored = 0;
    for (const Window& window : windows_of(tokens, length, overlap)) {
      EXPECT_EQ(window.first + window.context, scored) << "what comes next";
      EXPECT_LE(window.last - window.first, length);
      scored = window.last;
    }
    EXPECT_EQ(scored, tokens);
  }
}

TEST(TextWindows, RepeatTheEndOfTheOneBeforeAsContext) {
  const auto windows = windows_of(7, 4, 2);
  ASSERT_EQ(windows.size(), 3u);  // 0-4, 2-6, 4-7
  EXPECT_EQ(windows[1].first, 2);
  EXPECT_EQ(windows[2].last, 7);
  EXPECT_EQ(windows[2].context, 2);
}

TEST(TextWindows, TogetherAreTheJoinedText) {
  const Tokenizer tokenizer = Tokenizer::load(kSmolLm);
  SourceOptions source;
  source.window = 9, source.overlap = 3;
  const SampleFile windows = cut_windows(news(), tokenizer, source);
  std::vector<std::int32_t> ids;
  for (const Sample& sample : windows.samples) {
    const TokenizedSample tokens =
        SampleTokenizer(tokenizer, nullptr, {.apply_chat_template = false}).tokenize(sample);
    EXPECT_EQ(tokens.ids, sample.ids) << "windows stay the tokens they were cut from";
    const auto scored_from = ids.empty() ? tokens.ids.begin() : tokens.ids.begin() + tokens.prompt_tokens;
    ids.insert(ids.end(), scored_from, tokens.ids.end());
  }
  EXPECT_EQ(tokenizer.decode(ids, false), news().samples[0].answer + "\n\n" + news().samples[1].answer);
}

TEST(TextWindows, TheFirstTokenOfAllIsNotScored) {
  SourceOptions source;
  source.window = 9;
  EXPECT_EQ(cut_windows(news(), Tokenizer::load(kSmolLm), source).samples.front().prompt_tokens, 1);
}

TEST(TextWindows, ALastTokenAloneIsScoredBehindTheTokenBefore) {
  const Tokenizer tokenizer = Tokenizer::load(kSmolLm);
  SourceOptions source;
  source.window = 1 << 20;
  const auto all = cut_windows(news(), tokenizer, source).samples.front().ids;
  source.window = static_cast<std::int64_t>(all.size()) - 1;
  const SampleFile windows = cut_windows(news(), tokenizer, source);
  ASSERT_EQ(windows.samples.size(), 2u);
  EXPECT_EQ(windows.samples[1].ids, std::vector<std::int32_t>(all.end() - 2, all.end()));
  EXPECT_EQ(windows.samples[1].prompt_tokens, 1);
}

TEST(TextWindows, OfEmptyTextsAreRefused) {
  SampleFile rows = news();
  for (Sample& row : rows.samples) row.answer.clear();
  try {
    (void)cut_windows(rows, Tokenizer::load(kSmolLm), {.path = "news.jsonl"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "data.empty");
    EXPECT_NE(e.message().find("news.jsonl"), std::string::npos) << e.what();
  }
}

}  // namespace
}  // namespace lethe::data
