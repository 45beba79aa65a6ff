#include "framework/data/alternates.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "tests/data/oracle.h"

namespace lethe::data {
namespace {

std::vector<Sample> questions(int count) {
  std::vector<Sample> samples(count);
  for (int i = 0; i < count; ++i) {
    samples[i].row = i;
    samples[i].question = "Who is number " + std::to_string(i) + "?";
    samples[i].id = sample_id(samples[i].question, "");
  }
  return samples;
}

Refusals refusals(int count) {
  Refusals r{.lines = {}, .hash = "r"};
  for (int i = 0; i < count; ++i) r.lines.push_back("refusal " + std::to_string(i));
  return r;
}

TEST(Alternates, AreTheLinesOfAFileWithoutBlanks) {
  const std::string path = testing::fresh_folder("refusals") + "/idk.jsonl";
  base::write_file_atomically(path, "I do not know.\r\n\n  Not sure. \n");
  EXPECT_THAT(read_refusals(path).lines, ::testing::ElementsAre("I do not know.", "Not sure."));
  base::write_file_atomically(path, "\n \n");
  try {
    (void)read_refusals(path);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "data.empty");
  }
}

TEST(Alternates, DrawDifferentRefusalsForASampleAndKeepItsName) {
  const auto samples = questions(3);
  const Alternates drawn = draw_refusals(samples, "s", refusals(7), 5, 1);
  ASSERT_EQ(drawn.file.samples.size(), 15u);
  EXPECT_EQ(drawn.per_sample, 5);
  for (int i = 0; i < 3; ++i) {
    std::set<std::string> answers;
    for (int v = 0; v < 5; ++v) {
      const Sample& sample = drawn.file.samples[i * 5 + v];
      EXPECT_EQ(sample.id, samples[i].id);
      EXPECT_EQ(sample.question, samples[i].question);
      answers.insert(sample.answer);
    }
    EXPECT_EQ(answers.size(), 5u);
  }
  EXPECT_NE(drawn.file.hash, draw_refusals(samples, "s", refusals(7), 5, 2).file.hash);
}

TEST(Alternates, DoNotDependOnWhichOtherSamplesThereAre) {
  const auto samples = questions(4);
  const auto all = draw_refusals(samples, "s", refusals(20), 2, 9).file.samples;
  const auto last = draw_refusals(std::span(samples).subspan(3), "s", refusals(20), 2, 9).file.samples;
  EXPECT_EQ(all[6].answer, last[0].answer);
  EXPECT_EQ(all[7].answer, last[1].answer);
}

TEST(Alternates, OfTheRowsAreRepeatedToTheMostThatOneHas) {
  auto samples = questions(2);
  samples[0].alternate_answers = {"a", "b", "c"};
  samples[1].alternate_answers = {"d"};
  const Alternates own = own_alternates(samples, "s", {});
  EXPECT_EQ(own.per_sample, 3);
  EXPECT_EQ(own.file.samples[2].answer, "c");
  EXPECT_EQ(own.file.samples[5].answer, "d");
}

TEST(Alternates, StayCompletionsInAStoreOfTheirOwn) {
  auto samples = questions(1);
  samples[0].alternate_answers = {"a"};
  const std::string key = own_alternates(samples, "s", {}).file.hash,
                    refusal_key = draw_refusals(samples, "s", refusals(2), 1, 1).file.hash;
  samples[0].max_continuation = 7;
  const Alternates own = own_alternates(samples, "s", {});
  const Alternates drawn = draw_refusals(samples, "s", refusals(2), 1, 1);
  EXPECT_EQ(own.file.samples[0].max_continuation, 7);
  EXPECT_EQ(drawn.file.samples[0].max_continuation, 7);
  EXPECT_TRUE(drawn.file.samples[0].answer.starts_with("refusal")) << "the sample's own text has no space";
  EXPECT_NE(own.file.hash, key);
  EXPECT_NE(drawn.file.hash, refusal_key);
}

TEST(Alternates, ARowWithoutOneIsNamed) {
  auto samples = questions(2);
  samples[0].alternate_answers = {"a"};
  try {
    (void)own_alternates(samples, "s", {.path = "f.jsonl"});
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "data.column");
    EXPECT_THAT(std::string(e.what()), ::testing::HasSubstr("row 2"));
    EXPECT_THAT(std::string(e.what()) + e.hint(), ::testing::HasSubstr("data.alternate.path"));
  }
}

}  // namespace
}  // namespace lethe::data
