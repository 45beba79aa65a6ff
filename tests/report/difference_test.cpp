// Two runs are told apart: by their settings, their numbers and their samples.
#include "framework/report/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "tests/records/scratch_folder.h"
#include "tests/report/fixture.h"

namespace lethe::report {
namespace {

using records::ScratchFolder;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(Difference, ARunAgreesWithItself) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "run");
  const std::string text = difference_text(load_run(folder / "run"), load_run(folder / "run"));
  EXPECT_THAT(text, HasSubstr("Batches and losses agree"));
  EXPECT_THAT(text, Not(HasSubstr("| --- |")));
}

TEST(Difference, SettingsAndNumbersThatDifferAreNamed) {
  const ScratchFolder folder;
  testing::write_fixture(folder / "a");
  testing::write_fixture(folder / "b", {.name = "other", .forgotten = 0.2});
  RunSummary a = load_run(folder / "a"), b = load_run(folder / "b");
  a.run->config_yaml = "train:\n  learning_rate: 1e-05\nseed: 1\n";
  b.run->config_yaml = "train:\n  learning_rate: 2e-05\nseed: 1\n";
  const std::string text = difference_text(a, b);
  EXPECT_THAT(text, HasSubstr("| train.learning_rate | 1e-05 | 2e-05 |"));
  EXPECT_THAT(text, Not(HasSubstr("| seed |")));
  EXPECT_THAT(text, HasSubstr("| after, forget, probability |"));
}

// One run twice; a test changes the second.
class OneRunTwice : public ::testing::Test {
 protected:
  void SetUp() override {
    testing::write_fixture(folder_ / "run");
    a_ = load_run(folder_ / "run");
    b_ = a_;
    b_.name = "other";
  }
  std::string text() const { return difference_text(a_, b_); }

  ScratchFolder folder_;
  RunSummary a_, b_;
};

TEST_F(OneRunTwice, EntriesOfAListAreToldApartByTheirPosition) {
  const std::string groups = "train:\n  groups:\n    -\n      rate: 1\n    -\n      rate: ";
  a_.run->config_yaml = groups + "2\nseed: 1\n";
  b_.run->config_yaml = groups + "3\nseed: 1\n";
  EXPECT_THAT(text(), HasSubstr("| train.groups[1].rate | 2 | 3 |"));
  EXPECT_THAT(text(), Not(HasSubstr("train.groups[0]")));
}

TEST_F(OneRunTwice, AConfigurationThatCannotBeReadIsNoReasonToSayNothing) {
  b_.run->config_yaml = "a: [\n";
  EXPECT_THAT(text(), HasSubstr("| (not readable) |"));
}

TEST_F(OneRunTwice, NumbersAreComparedToTheLastBitAndShownUntilTheyDiffer) {
  a_.evaluations.back().aggregates["probability"] = 0.123456789;
  b_.evaluations.back().aggregates["probability"] = 0.123456788;
  EXPECT_THAT(text(), HasSubstr("probability | 0.123456789 | 0.123456788 |"));
  b_.evaluations.back().aggregates["probability"] = std::nextafter(0.123456789, 1);
  EXPECT_THAT(text(), HasSubstr("probability | 0.123456789 | 0.12345678900000"));
}

TEST_F(OneRunTwice, NotANumberIsTheSameAsNotANumber) {
  for (RunSummary* run : {&a_, &b_}) {
    run->evaluations.back().aggregates["probability"] = run == &a_ ? NAN : -NAN;
    run->evaluations.back().samples.front().values["probability"] = NAN;
    run->steps[2].loss = NAN;
    run->steps[2].terms["forget"] = NAN;
  }
  EXPECT_THAT(text(), Not(HasSubstr("| --- |")));
  EXPECT_THAT(text(), HasSubstr("Batches and losses agree"));
}

TEST_F(OneRunTwice, TheFirstStepThatDiffersNamesItsTerms) {
  b_.steps[4].terms["retain"] = a_.steps[4].terms["retain"] + 1;
  EXPECT_THAT(text(), HasSubstr("terms of the loss differ from step 5 on (retain "));
  b_.steps[3].loss += 1;
  b_.steps[3].terms["forget"] = a_.steps[3].terms["forget"] + 1;
  EXPECT_THAT(text(), HasSubstr("the losses differ from step 4 on ("));
  EXPECT_THAT(text(), HasSubstr("; its terms: forget "));
}

TEST_F(OneRunTwice, StepsAreComparedByTheirNumber) {
  b_.steps.erase(b_.steps.begin());
  EXPECT_THAT(text(), HasSubstr("Batches and losses agree"));
}

TEST_F(OneRunTwice, SamplesThatDifferAreCountedAndTheFarthestIsNamed) {
  auto& scores = b_.scorings.front().scores;
  scores[3].mrd += 1;
  scores[5].mrd += 2;
  auto& samples = b_.evaluations.back().samples;
  samples[1].values["probability"] = NAN;
  b_.samplers.front().weights.pop_back();
  EXPECT_THAT(text(), HasSubstr("| MRD, step 0 | 2 of 40 | 2 | " + scores[5].id + " | "));
  EXPECT_THAT(text(), HasSubstr("probability | 1 of 80 | inf | " + samples[1].id + " | "));
  EXPECT_THAT(text(), HasSubstr("| sampling weight, step 0 | 0 of 39; 1 more only in npo, MRD-weighted |"));
  for (const auto& g : a_.generations) EXPECT_THAT(text(), Not(HasSubstr(g.question)));
}

TEST_F(OneRunTwice, OfSetsOfWhichDifferentSamplesWereSelected) {
  a_.data.front().selection = "easy by mrd, 20 of 40";
  b_.data.front().selection = "hard by mrd, 20 of 40";
  EXPECT_THAT(text(), HasSubstr("| selection of forget | easy by mrd, 20 of 40 | hard by mrd, 20 of 40 |"));
}

}  // namespace
}  // namespace lethe::report
