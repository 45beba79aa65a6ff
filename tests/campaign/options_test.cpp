// What a campaign's file may say, and how it is refused.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/campaign/rules.h"
#include "tests/campaign/support.h"

namespace lethe::campaign {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

Error refusal(const std::string& yaml) {
  const Folder folder;
  try {
    (void)options_of(folder, yaml);
  } catch (const Error& e) {
    return e;
  }
  return Error("none", "not refused");
}

constexpr const char* kStages = "campaign:\n  base: run.yaml\n";

TEST(CampaignOptions, ABaseAloneIsOneStageThatTrains) {
  const Folder folder;
  const Options o = options_of(folder, "campaign: {base: run.yaml, axes: {rate: [1, 2]}}\n");
  ASSERT_EQ(o.stages.size(), 1u);
  EXPECT_EQ(o.stages[0].command, "train");
  EXPECT_EQ(o.stages[0].config, folder.path("run.yaml").string());
  EXPECT_THAT(o.axes.at(0).stages, ElementsAre("run"));
  EXPECT_EQ(o.name, "campaign");
}

TEST(CampaignOptions, AnAxisTouchesTheLastStageThatTrainsUnlessItSaysOtherwise) {
  const Folder folder;
  const Options o =
      options_of(folder,
                 "campaign:\n  base: run.yaml\n  stages:\n    - {name: plant}\n    - {name: unlearn}\n"
                 "    - {name: measure, command: eval}\n  axes:\n    rate: [1, 2]\n"
                 "    model: {values: [a, b], stages: [plant]}\n  repeats: {seeds: [1, 2]}\n");
  EXPECT_THAT(o.axes.at(0).stages, ElementsAre("unlearn"));
  EXPECT_THAT(o.axes.at(1).stages, ElementsAre("plant"));
  EXPECT_TRUE(o.axes.at(2).is_repeat);
}

TEST(CampaignOptions, LabelsNameAChoiceWithItsOptions) {
  const Folder folder;
  const Options o = options_of(
      folder, std::string(kStages) + "  axes: {sampler: [uniform, {name: mrd, floor: 0.1}, [1, 2], \"\"]}\n");
  std::vector<std::string> labels;
  for (const auto& point : o.axes.at(0).points) labels.push_back(label_of(point.at(0).value));
  EXPECT_THAT(labels, ElementsAre("uniform", "mrd (floor=0.1)", "[1, 2]", "\"\""));
}

TEST(CampaignOptions, MistakesAreRefusedWithTheirPlace) {
  const auto expect = [](const std::string& rest, const std::string& key, const std::string& text) {
    const Error e = refusal(std::string(kStages) + rest);
    EXPECT_EQ(e.key(), key) << rest;
    EXPECT_THAT(e.message(), HasSubstr(text));
    EXPECT_THAT(e.message(), HasSubstr("campaign.yaml")) << rest;
  };
  expect("  axis: {rate: [1]}\n", "config.unknown", "did you mean");
  expect("  axes: {rate: 1}\n", "campaign.axis", "needs a list");
  expect("  axes: {rate: []}\n", "campaign.axis", "needs a list");
  expect("  axes: {rate: [1, 1]}\n", "campaign.axis", "twice");
  expect("  axes: {rate: {values: [1], stages: [rum]}}\n", "campaign.stage", "\"rum\" is not a stage");
  expect("  zip: [{rate: [1, 2], seed: [1]}]\n", "campaign.axis", "has 1 values, rate has 2");
  expect("  axes: {rate: [1]}\n  exclude: [{rat: 1}]\n", "campaign.axis", "rat does not vary");
  expect("  axes: {rate: [1]}\n  zip: [{rate: [1]}]\n", "campaign.axis", "rate varies twice");
  expect("  stages: []\n", "campaign.stage", "is empty");
  expect("  axes: {rate: [1, 1.0]}\n", "campaign.axis", "1.0 stands there twice");
  expect("  axes: {rate: [0.00001, 1e-5]}\n", "campaign.axis", "1e-5 stands there twice");
  expect("  axes: {sampler: [{name: mrd, floor: 1}, {floor: 1.0, name: mrd}]}\n", "campaign.axis", "twice");
  expect("  axes: {rate: [1]}\n  overrides: [{when: {rate: 1}}]\n", "config.required", "is not set");
  expect("  executor: slrm\n", "config.unknown", "is not one of local, print, slurm");
  expect("  stages: [{name: a}, {name: a}]\n", "campaign.stage", "two stages are called a");
  expect("  stages: [{name: a, ranks: 4294967297}]\n", "config.range", "between 1 and 100000");
  expect("  stages: [{name: a b}]\n", "campaign.stage", "is not a word");
  expect("  stages: [{name: a, settings: [1]}]\n", "config.type", "is not a mapping");
}

// Of two settings one would win without a word, and the table would show the other.
TEST(CampaignOptions, SettingsThatWouldSilentlyWinAreRefused) {
  const auto expect = [](const std::string& rest, const std::string& text) {
    const Error e = refusal(std::string(kStages) + rest);
    EXPECT_EQ(e.key(), "campaign.axis") << rest;
    EXPECT_THAT(e.message(), HasSubstr(text));
    EXPECT_THAT(e.message(), HasSubstr("campaign.yaml")) << rest;
  };
  expect("  cells: [{rate: 1, seed: 3}]\n  repeats: {seeds: [1, 2]}\n", "seed varies twice");
  expect("  axes: {sampler.floor: [1, 2], sampler: [mrd]}\n", "sampler would undo a value of sampler.floor");
  expect("  axes: {sampler: [{name: mrd, floor: 1}], sampler.floor: [2, 3]}\n",
         "sampler.floor would undo a value of sampler");
}

TEST(CampaignOptions, WhatLiesBesideAnotherSettingOrInAnotherStageIsAllowed) {
  const Folder folder;
  const auto read = [&](const std::string& rest) { return options_of(folder, std::string(kStages) + rest); };
  EXPECT_EQ(read("  axes: {sampler: [mrd, {name: mrd_mean}], sampler.floor: [1, 2]}\n").axes.size(), 2u);
  EXPECT_EQ(read("  axes: {sampler: [mrd]}\n  overrides: [{when: {sampler: mrd}, set: {sampler.floor: 3}}]\n")
                .overrides.size(),
            1u);
  EXPECT_EQ(read("  stages: [{name: plant}, {name: unlearn}]\n  axes: {rate: [1, 2]}\n"
                 "  overrides: [{when: {rate: 1}, set: {rate: 3}, stages: [plant]}]\n")
                .overrides.size(),
            1u);
}

// Every cell would be measured on the same samples, whichever it chose to forget.
TEST(CampaignOptions, AnAxisThatChoosesSamplesAndIsNotMeasuredIsWarnedOf) {
  const Folder folder;
  const auto warnings = [&](const std::string& rest) {
    return warnings_of(options_of(folder,
                                  "campaign:\n  base: run.yaml\n  stages: [{name: plant}, {name: unlearn}, "
                                  "{name: measure, command: eval}]\n" +
                                      rest));
  };
  const auto one =
      ElementsAre(AllOf(HasSubstr("data.forget.select.stratum"), HasSubstr("stages: [unlearn, measure]")));
  EXPECT_THAT(warnings("  axes: {data.forget.select.stratum: [easy, hard]}\n"), one);
  EXPECT_THAT(warnings("  cells: [{data.forget.select.stratum: easy}, {data.forget.select.stratum: hard}]\n"),
              one);
  for (const char* stages : {"[unlearn, measure]", "[plant]"})
    EXPECT_TRUE(
        warnings("  axes: {data.forget.path: {values: [a, b], stages: " + std::string(stages) + "}}\n")
            .empty());
  EXPECT_TRUE(warnings("  axes: {data.retain.path: [a, b]}\n").empty());
}

TEST(CampaignOptions, ExceptionsMeetAValueAndNumbersAreComparedAsNumbers) {
  const auto message = [](const std::string& rest) { return refusal(std::string(kStages) + rest); };
  const Error e = message("  axes: {objective: [npo, rmu]}\n  exclude: [{objective: npoo}]\n");
  EXPECT_EQ(e.key(), "campaign.axis");
  EXPECT_THAT(e.message(), HasSubstr("npoo is no value of objective; its values: npo, rmu"));
  EXPECT_THAT(e.hint(), HasSubstr("npo"));
  EXPECT_THAT(message("  axes: {rate: [1]}\n  overrides: [{when: {rate: 2}, set: {seed: 1}}]\n").message(),
              HasSubstr("2 is no value of rate"));
  EXPECT_EQ(message("  axes: {rate: [0.00001, 2]}\n  exclude: [{rate: 1.0e-5}]\n").key(), "none");
  EXPECT_EQ(message("  axes: {seed: [9007199254740993]}\n  exclude: [{seed: 9007199254740992}]\n").key(),
            "campaign.axis");  // the same double
  EXPECT_EQ(message("  axes: {name: [\"1\"]}\n  exclude: [{name: 1}]\n").key(), "campaign.axis");  // a text
}

}  // namespace
}  // namespace lethe::campaign
