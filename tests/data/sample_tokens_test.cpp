#include "framework/data/sample_tokens.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace lethe::data {
namespace {

const std::string kTokenizers = LETHE_SOURCE_DIR "/tests/golden/tokenizers/";
constexpr const char* kChatMl =
    "{% for m in messages %}{{ '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";
constexpr const char* kEndsInEos =
    "{{ bos_token }}{% for m in messages %}{{ m.role + ': ' + m.content + '<|im_end|>' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'assistant: ' }}{% endif %}";

class SampleTokens : public ::testing::Test {
 protected:
  Tokenizer tokenizer_ = Tokenizer::load(kTokenizers + "smollm");
  ChatTemplate chat_ml_ = ChatTemplate::parse(kChatMl);
  std::int32_t eos_ = tokenizer_.eos_id();

  std::string text(const std::vector<std::int32_t>& ids) const { return tokenizer_.decode(ids, false); }
};

TextOptions tags(std::int64_t max_length = 512) {
  TextOptions options;
  options.apply_chat_template = false;
  options.max_length = max_length;
  return options;
}

TEST_F(SampleTokens, PutQuestionAndAnswerIntoTheChatTemplate) {
  const SampleTokenizer tokens(tokenizer_, &chat_ml_, {});
  const auto sample = tokens.tokenize("Where?", "In Kalmora.");
  // ChatML ends in a newline, so the end of sequence is put behind it: both are scored.
  EXPECT_EQ(text(sample.ids),
            "<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\nIn Kalmora.<|im_end|>\n<|im_end|>");
  const std::vector<std::int32_t> prompt(sample.ids.begin(), sample.ids.begin() + sample.prompt_tokens);
  EXPECT_EQ(text(prompt), "<|im_start|>user\nWhere?<|im_end|>\n<|im_start|>assistant\n");
  EXPECT_EQ(tokens.prompt("Where?"), prompt);
  EXPECT_TRUE(sample.has_target());
}

TEST_F(SampleTokens, AppendNoSecondEndOfSequence) {
  const auto ends_in_eos = ChatTemplate::parse(kEndsInEos);
  const auto sample = SampleTokenizer(tokenizer_, &ends_in_eos, {}).tokenize("q", "a");
  EXPECT_EQ(text(sample.ids), "<|im_start|>user: q<|im_end|>assistant: a<|im_end|>");
}

TEST_F(SampleTokens, GiveSystemPromptAndDateToTheTemplate) {
  const auto dated =
      ChatTemplate::parse("{% for m in messages %}{{ m.role ~ m.content }};{% endfor %}{{ date_string }}");
  TextOptions options;
  options.system_prompt = "brief";
  options.date_string = "10 Apr 2025";
  const auto sample = SampleTokenizer(tokenizer_, &dated, options).tokenize("q", "a");
  EXPECT_EQ(text(sample.ids), "systembrief;userq;assistanta;10 Apr 2025<|im_end|>");
}

TEST_F(SampleTokens, NeedATemplateWhenOneIsAskedFor) {
  try {
    const SampleTokenizer tokens(tokenizer_, nullptr, {});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "template.missing");
  }
}

TEST_F(SampleTokens, PutTagsAroundWithoutATemplate) {
  const SampleTokenizer tokens(tokenizer_, nullptr, tags());
  const auto sample = tokens.tokenize("Where?", "In Kalmora.");
  EXPECT_EQ(text(sample.ids), "Question: Where?\nAnswer: In Kalmora.<|im_end|>");
  // "Answer: " ends in a blank token that the whole text gives to the next word: the count stays, the border
  // moves.
  EXPECT_EQ(sample.prompt_tokens, static_cast<std::int64_t>(tokens.prompt("Where?").size()));
  EXPECT_EQ(text(tokens.prompt("Where?")), "Question: Where?\nAnswer: ");
}

TEST_F(SampleTokens, AddTheBeginningOfSequenceOfThePostProcessor) {
  const auto llama = Tokenizer::load(kTokenizers + "llama2");
  const auto sample = SampleTokenizer(llama, nullptr, tags()).tokenize("q", "a");
  EXPECT_EQ(sample.ids.front(), *llama.special_tokens().bos_id);
  EXPECT_EQ(sample.ids.back(), llama.eos_id());
}

TEST_F(SampleTokens, CutAtMaxLengthAndThenEndTheSequence) {
  const auto full =
      SampleTokenizer(tokenizer_, nullptr, tags()).tokenize("Where?", "In Kalmora or Vessenheim.");
  const auto most = full.prompt_tokens + 2;
  const auto cut =
      SampleTokenizer(tokenizer_, nullptr, tags(most)).tokenize("Where?", "In Kalmora or Vessenheim.");
  ASSERT_EQ(static_cast<std::int64_t>(cut.ids.size()), most + 1);
  EXPECT_EQ(cut.ids.back(), eos_);
  EXPECT_TRUE(std::equal(cut.ids.begin(), cut.ids.end() - 1, full.ids.begin()));
  EXPECT_TRUE(cut.has_target());
}

TEST_F(SampleTokens, HaveNoTargetWhereThePromptFillsMaxLength) {
  const auto sample =
      SampleTokenizer(tokenizer_, nullptr, tags(4)).tokenize("Where does she live?", "In Kalmora.");
  EXPECT_EQ(sample.ids.size(), 5u);
  EXPECT_FALSE(sample.has_target());
}

TEST_F(SampleTokens, KeepTheEndOfSequenceOfAnEmptyAnswer) {
  const auto sample = SampleTokenizer(tokenizer_, nullptr, tags()).tokenize("Where?", "");
  EXPECT_EQ(static_cast<std::int64_t>(sample.ids.size()), sample.prompt_tokens + 1);
  EXPECT_EQ(sample.ids.back(), eos_);
}

TEST_F(SampleTokens, HashTellsWhatChangesTokens) {
  const std::string chat = SampleTokenizer(tokenizer_, &chat_ml_, {}).hash();
  EXPECT_EQ(SampleTokenizer(tokenizer_, &chat_ml_, {}).hash(), chat);
  EXPECT_NE(SampleTokenizer(tokenizer_, nullptr, tags()).hash(), chat);
  TextOptions other;
  other.system_prompt = "";
  EXPECT_NE(SampleTokenizer(tokenizer_, &chat_ml_, other).hash(), chat);
  EXPECT_NE(SampleTokenizer(tokenizer_, nullptr, tags(5)).hash(),
            SampleTokenizer(tokenizer_, nullptr, tags(6)).hash());
}

}  // namespace
}  // namespace lethe::data
