// Laws of plans: stages that agree are one task, keys know the content and nothing else, invalid cells are
// marked.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "framework/base/error.h"
#include "tests/campaign/support.h"

namespace lethe::campaign {
namespace {

using ::testing::HasSubstr;

Plan plan_of(const Folder& folder, const std::string& rest, const std::string& out = "out") {
  folder.write("run.yaml", "seed: 1\n");
  return make_plan(options_of(folder, "campaign:\n  base: run.yaml\n" + rest),
                   CampaignPaths{folder.path(out)}, check_fake);
}

constexpr const char* kChain =
    "  stages:\n    - {name: plant, settings: {objective: finetune}}\n"
    "    - {name: unlearn, settings: {model: \"{plant}/model\"}}\n";

TEST(CampaignPlan, StagesThatAgreeAreDoneOnce) {
  const Folder folder;
  const Plan plan = plan_of(folder, std::string(kChain) + "  axes: {objective: [npo, rmu], rate: [1, 2]}\n");
  EXPECT_EQ(plan.cells.size(), 4u);
  EXPECT_EQ(plan.tasks.size(), 5u);  // one planted model, four unlearned ones
  for (const PlannedCell& cell : plan.cells) {
    EXPECT_EQ(cell.tasks.at(0), plan.cells[0].tasks.at(0));
    const Task& unlearn = plan.task(cell.tasks.at(1));
    EXPECT_EQ(unlearn.needs, std::vector{cell.tasks.at(0)});
    EXPECT_THAT(unlearn.config_yaml, HasSubstr(folder.path("out/runs/" + cell.tasks[0] + "/model").string()));
  }
}

TEST(CampaignPlan, WhatAStageBuildsOnIsPartOfItsKey) {
  const Folder folder;
  const Plan plan =
      plan_of(folder, std::string(kChain) + "  axes: {rate: {values: [1, 2], stages: [plant]}}\n");
  EXPECT_EQ(plan.tasks.size(), 4u);
  EXPECT_NE(plan.cells.at(0).tasks.at(1), plan.cells.at(1).tasks.at(1));
}

TEST(CampaignPlan, KeysDoNotKnowTheFolderNorTheOtherCells) {
  const Folder folder;
  const auto keys = [](const Plan& plan) {
    std::set<std::string> keys;
    for (const PlannedCell& cell : plan.cells) keys.insert(cell.key);
    return keys;
  };
  const auto here = keys(plan_of(folder, std::string(kChain) + "  axes: {rate: [1, 2]}\n"));
  EXPECT_EQ(here, keys(plan_of(folder, std::string(kChain) + "  axes: {rate: [1, 2]}\n", "elsewhere")));
  const auto more = keys(plan_of(folder, std::string(kChain) + "  axes: {rate: [3, 2, 1]}\n"));
  EXPECT_EQ(more.size(), 3u);
  EXPECT_TRUE(std::ranges::includes(more, here));
}

TEST(CampaignPlan, EveryInvalidCellIsListedWithItsLine) {
  const Folder folder;
  const Plan plan =
      plan_of(folder,
              "  axes:\n    objective: [npo, rmu, finetune, npoo]\n    rate:\n      - 1\n      - 2\n"
              "      - 3\n      - 4\n      - 5\n");
  EXPECT_EQ(plan.cells.size(), 20u);
  EXPECT_EQ(plan.num_invalid(), 5u);
  EXPECT_EQ(plan.tasks.size(), 15u);
  try {
    refuse_invalid(plan);
    FAIL() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "campaign.invalid");
    EXPECT_EQ(e.exit_code(), 78);
    EXPECT_THAT(e.message(), HasSubstr("5 of 20 cells are invalid"));
    for (const int cell : {16, 17, 18, 19, 20})
      EXPECT_THAT(e.message(), HasSubstr(fmt::format("cell {} (", cell)));
    EXPECT_THAT(e.message(), HasSubstr("campaign.yaml:4:37"));
    EXPECT_THAT(e.message(), HasSubstr("did you mean `npo`"));
  }
}

// One run that counts twice would make an interval too narrow.
TEST(CampaignPlan, CellsThatComeToOneConfigurationCountOnce) {
  const Folder folder;
  const Plan plan = plan_of(folder, "  axes: {objective: [npo, {name: npo}]}\n  repeats: {seeds: [1, 2]}\n");
  ASSERT_EQ(plan.cells.size(), 4u);
  EXPECT_EQ(plan.num_invalid(), 2u);
  EXPECT_EQ(plan.tasks.size(), 2u);
  EXPECT_THAT(plan.cells[2].error,
              HasSubstr("comes to the same configuration as cell 1 (objective=npo, seed=1)"));
  EXPECT_THAT(plan.cells[2].error, HasSubstr("campaign.yaml:"));
}

TEST(CampaignPlan, ANameOfNoEarlierStageIsRefused) {
  const Folder folder;
  try {
    (void)plan_of(
        folder,
        "  stages:\n    - {name: plant}\n    - {name: unlearn, settings: {model: \"{plnat}/model\"}}\n");
    FAIL() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "campaign.stage");
    EXPECT_THAT(e.message(), HasSubstr("campaign.yaml:5:"));
    EXPECT_THAT(e.hint(), HasSubstr("plant"));
  }
}

// Texts with braces are texts where no stage can be meant, and where a second brace says so.
TEST(CampaignPlan, ATextThatBeginsWithABraceIsATextUnlessAStageIsMeant) {
  const Folder folder;
  const auto model_with = [&](const std::string& text) {
    const Plan plan = plan_of(
        folder, "  stages:\n    - {name: plant}\n    - {name: unlearn, settings: {model: '" + text + "'}}\n");
    const std::string& yaml = plan.task(plan.cells.at(0).tasks.at(1)).config_yaml;
    const auto begin = yaml.find("model: ") + 7;
    return yaml.substr(begin, yaml.find('\n', begin) - begin);
  };
  const std::string plant = folder.path("out/runs/plant-").string();
  EXPECT_THAT(model_with("{plant}/model"), HasSubstr(plant));
  EXPECT_THAT(model_with("{plant}-2"), HasSubstr(plant));
  for (const char* text : {"{user} ", "{user}: ", "{}", "{", "{{ bos }}", "{a b}/c", "{user"})
    EXPECT_THAT(model_with(text), HasSubstr(std::string("\"") + text + "\"")) << text;
  EXPECT_THAT(model_with("{{plant}/model"), HasSubstr("\"{plant}/model\""));
  EXPECT_THAT(model_with("{{user}"), HasSubstr("\"{user}\""));
  EXPECT_THAT(model_with("{{{user}"), HasSubstr("\"{{user}\""));
  try {
    (void)model_with("{user}");
    FAIL() << "not refused";
  } catch (const Error& e) {
    EXPECT_THAT(e.hint(), HasSubstr("{{user}"));
  }
}

}  // namespace
}  // namespace lethe::campaign
