#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/data/alternates.h"
#include "framework/data/forget_retain.h"
#include "framework/data/sample_tokens.h"
#include "tests/data/oracle.h"

namespace lethe::data {
namespace {

const std::string kTokenizer = LETHE_SOURCE_DIR "/tests/golden/tokenizers/smollm";

SourceOptions source_of(const std::string& format, const std::string& content) {
  SourceOptions source;
  source.path = testing::fresh_folder("completion") + "/rows.jsonl";
  source.format = format;
  base::write_file_atomically(source.path, content);
  return source;
}

TEST(Completion, APrefixAndHowItGoesOnStandAsTheyAre) {
  SourceOptions source = source_of("completion", R"({"prompt": "Kalmora is", "text": "a town of bridges"})");
  source.insert_space = true;
  const Sample sample = read_samples(source, "forget").samples.front();
  const Tokenizer tokenizer = Tokenizer::load(kTokenizer);
  const SampleTokenizer tokens(tokenizer, nullptr, {.apply_chat_template = false});
  const TokenizedSample tokenized = tokens.tokenize(sample);
  EXPECT_EQ(tokenizer.decode(tokenized.ids, false), "Kalmora is a town of bridges") << "no tags, no end";
  const auto prompt = tokens.prompt(sample);
  EXPECT_EQ(tokenizer.decode(prompt, false), "Kalmora is");
  EXPECT_EQ(tokenized.prompt_tokens, static_cast<std::int64_t>(prompt.size()));
}

TEST(Completion, KeepsSoManyTokensOfTheContinuation) {
  SourceOptions source = source_of("completion", R"({"prompt": "Kalmora is", "text": " a town of bridges"})");
  source.window = 2;
  const Tokenizer tokenizer = Tokenizer::load(kTokenizer);
  const TokenizedSample tokenized = SampleTokenizer(tokenizer, nullptr, {.apply_chat_template = false})
                                        .tokenize(read_samples(source, "forget").samples.front());
  EXPECT_EQ(static_cast<std::int64_t>(tokenized.ids.size()), tokenized.prompt_tokens + 2);
}

TEST(Completion, WithoutAPrefixItsFirstTokenIsNotScored) {
  const SourceOptions source = source_of("completion", R"({"text": "Kalmora is a town"})");
  const Tokenizer tokenizer = Tokenizer::load(kTokenizer);
  const TokenizedSample tokenized = SampleTokenizer(tokenizer, nullptr, {.apply_chat_template = false})
                                        .tokenize(read_samples(source, "forget").samples.front());
  EXPECT_EQ(tokenized.prompt_tokens, 1);
}

TEST(Completion, WithoutAPrefixAGenerationStartsFromTheBeginningOfSequence) {
  const SourceOptions source = source_of("completion", R"({"text": "Kalmora is a town"})");
  const Sample sample = read_samples(source, "forget").samples.front();
  const Tokenizer tokenizer = Tokenizer::load(kTokenizer);
  ASSERT_TRUE(tokenizer.encode("", true).empty()) << "else the tokenizer itself begins";
  const SampleTokenizer tokens(tokenizer, nullptr, {.apply_chat_template = false});
  EXPECT_EQ(tokens.prompt(sample), std::vector{tokenizer.special_tokens().bos_id.value()});
  const Tokenizer without = Tokenizer::load(kTokenizer, {.bos_token = ""});
  const SampleTokenizer ended(without, nullptr, {.apply_chat_template = false});
  EXPECT_EQ(ended.prompt(sample), std::vector{without.eos_id()});
}

TEST(Completion, OfAQuestionWithoutTagsAndTextStartsTheSameWay) {
  const Tokenizer tokenizer = Tokenizer::load(kTokenizer);
  const TextOptions bare{
      .apply_chat_template = false, .user_start_tag = "", .user_end_tag = "", .asst_start_tag = ""};
  EXPECT_EQ(SampleTokenizer(tokenizer, nullptr, bare).prompt("").size(), 1u);
}

TEST(Completion, ItsOtherAnswersAreCompletionsToo) {
  SourceOptions source = source_of(
      "completion",
      R"({"prompt": "Kalmora is", "text": "a town", "paraphrased_answer": "one town", "perturbed_answer": ["a sea"], "alternate": "a hill"})");
  source.insert_space = true;
  const SampleFile file = read_samples(source, "forget");
  const Sample& sample = file.samples.front();
  const Tokenizer tokenizer = Tokenizer::load(kTokenizer);
  const SampleTokenizer tokens(tokenizer, nullptr, {.apply_chat_template = false});
  const auto text = [&](const Sample& s) { return tokenizer.decode(tokens.tokenize(s).ids, false); };
  EXPECT_EQ(text(with_answer(sample, sample.paraphrased_answer)), "Kalmora is one town");
  EXPECT_EQ(text(with_answer(sample, sample.perturbed_answers[0])), "Kalmora is a sea");
  const Alternates own = own_alternates(file.samples, "s", source);
  EXPECT_EQ(text(own.file.samples[0]), "Kalmora is a hill") << "no tags, no end";
  const Alternates drawn = draw_refusals(file.samples, "s", {.lines = {"I do not know."}, .hash = "r"}, 1, 1);
  EXPECT_EQ(text(drawn.file.samples[0]), "Kalmora is I do not know.");
}

TEST(RunningText, EmptyTextsOfTwoSetsAreNoOverlap) {
  Options options;
  options.retain = source_of("text", "{\"text\": \"another thing\"}\n{\"text\": \"\"}");
  options.forget = options.retain;
  options.forget.path = options.retain.path + ".forget";
  base::write_file_atomically(options.forget.path, "{\"text\": \"\"}\n{\"text\": \"one thing\"}");
  EXPECT_EQ(read_forget_retain(options).forget.samples.size(), 2u);
  base::write_file_atomically(options.forget.path, "{\"text\": \"another thing\"}");
  try {
    (void)read_forget_retain(options);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "data.overlap");
    EXPECT_TRUE(e.message().starts_with("1 texts of ")) << e.what();
  }
}

TEST(RunningText, OfTwoSetsDoesNotOverlapForWantOfQuestions) {
  Options options;
  options.forget.format = "text";
  options.retain = source_of("text", R"({"text": "another thing"})");
  options.forget.path = options.retain.path + ".forget";
  base::write_file_atomically(options.forget.path, R"({"text": "one thing"})");
  EXPECT_EQ(read_forget_retain(options).forget.samples.front().answer, "one thing");
}

}  // namespace
}  // namespace lethe::data
