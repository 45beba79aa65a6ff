// The index: what anyone may ask it, and the table that comes out of it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "framework/base/error.h"
#include "framework/campaign/index.h"
#include "framework/campaign/table.h"
#include "framework/records/run_directory.h"
#include "framework/records/writer.h"
#include "tests/campaign/support.h"

namespace lethe::campaign {
namespace {

using ::testing::HasSubstr;

Plan two_cells() {
  Plan plan;
  plan.columns = {{"rate", "rate"}, {"seed", "seed", true}};
  plan.tasks = {{.key = "a", .stage = "run", .command = "train"},
                {.key = "b", .stage = "run", .command = "train"}};
  plan.cells = {
      {.cell = {.number = 1, .choices = {{"rate", "1"}, {"seed", "7", true}}}, .key = "ka", .tasks = {"a"}},
      {.cell = {.number = 2, .choices = {{"rate", "2"}, {"seed", "7", true}}}, .key = "kb", .tasks = {"b"}},
      {.cell = {.number = 3, .choices = {{"rate", "x"}, {"seed", "7", true}}}, .error = "not, a number"}};
  return plan;
}

void write_run(const std::filesystem::path& folder, double before, double after) {
  std::filesystem::create_directories(folder);
  records::Writer writer(records::RunPaths{folder}.records());
  writer.append(
      records::EvaluationRecord{.tag = "before", .set = "forget", .aggregates = {{"probability", before}}});
  writer.append(records::EvaluationRecord{
      .tag = "after", .step = 5, .set = "forget", .aggregates = {{"probability", after}}});
}

TEST(CampaignIndex, HoldsTheLastMeasurementOfEachCell) {
  const Folder folder;
  const Plan plan = two_cells();
  const CampaignPaths paths{folder.path()};
  Index index(paths.index());
  index.write_plan(plan, paths);
  write_run(paths.run("a"), 0.9, 0.1);
  index.keep_metrics("a", paths.run("a"));
  Schedule schedule(plan, {});
  schedule.found_done("a", {});
  index.write_states(schedule);
  EXPECT_EQ(table_csv(index),
            "cell,rate,seed,state,forget.probability,error\n1,1,7,done,0.1,\n2,2,7,waiting,,\n"
            "3,x,7,invalid,,\"not, a number\"\n");
  EXPECT_THAT(table_markdown(index), HasSubstr("| 1 | 1 | 7 | done | 0.1 |"));
  EXPECT_THAT(table_markdown(index), HasSubstr("- cell 3"));
  EXPECT_EQ(index.query("PRAGMA journal_mode").at(0).at(0), "wal");
}

// A model is planted and evaluated, then unlearned; of the unlearned one only `forget` is measured.
TEST(CampaignIndex, WhatAnEarlierStageMeasuredIsNotTheCellsOwn) {
  const Folder folder;
  Plan plan;
  plan.columns = {{"rate", "rate"}};
  plan.tasks = {{.key = "plant", .stage = "plant", .command = "train"},
                {.key = "a", .stage = "run", .command = "train"},
                {.key = "b", .stage = "run", .command = "train"}};
  plan.cells = {{.cell = {.number = 1, .choices = {{"rate", "1"}}}, .key = "ka", .tasks = {"plant", "a"}},
                {.cell = {.number = 2, .choices = {{"rate", "2"}}}, .key = "kb", .tasks = {"plant", "b"}}};
  const CampaignPaths paths{folder.path()};
  Index index(paths.index());
  index.write_plan(plan, paths);
  write_run(paths.run("plant"), 0.0, 0.9);
  records::Writer(records::RunPaths{paths.run("plant")}.records())
      .append(
          records::EvaluationRecord{.tag = "after", .set = "retain", .aggregates = {{"probability", 0.8}}});
  write_run(paths.run("a"), 0.9, std::numeric_limits<double>::quiet_NaN());
  write_run(paths.run("b"), 0.9, 0.2);
  for (const char* task : {"plant", "a", "b"}) index.keep_metrics(task, paths.run(task));
  Schedule schedule(plan, {});
  schedule.found_done("plant", {});
  schedule.found_done("a", {});
  index.write_states(schedule);
  const auto rows = index.query("SELECT number, sample_set, value FROM final_metrics");
  ASSERT_EQ(rows.size(), 1u);  // b is not done
  EXPECT_EQ(rows[0][0], "1");
  EXPECT_EQ(rows[0][1], "forget");
  EXPECT_EQ(rows[0][2], std::nullopt);  // no number
}

TEST(CampaignIndex, IsFilledAgainWithoutDoubles) {
  const Folder folder;
  const CampaignPaths paths{folder.path()};
  write_run(paths.run("a"), 0.9, 0.1);
  for (int i = 0; i < 2; ++i) {
    Index index(paths.index());
    index.write_plan(two_cells(), paths);
    index.keep_metrics("a", paths.run("a"));
    EXPECT_EQ(index.query("SELECT count(*) FROM metrics").at(0).at(0), "2");
    EXPECT_EQ(index.query("SELECT count(*) FROM cells").at(0).at(0), "3");
  }
}

// A run was removed and done again, or removed for good.
TEST(CampaignIndex, KeepsNoNumbersOfARunThatIsNotThere) {
  const Folder folder;
  const CampaignPaths paths{folder.path()};
  const auto values = [&](const Index& index) {
    std::vector<std::string> values;
    for (const auto& row : index.query("SELECT value FROM metrics ORDER BY position"))
      values.push_back(*row[0]);
    return values;
  };
  write_run(paths.run("a"), 0.5, 0.25);
  {
    Index index(paths.index());
    index.write_plan(two_cells(), paths);
    index.keep_metrics("a", paths.run("a"));
    EXPECT_THAT(values(index), ::testing::ElementsAre("0.5", "0.25"));
  }
  std::filesystem::remove_all(paths.run("a"));
  write_run(paths.run("a"), 0.5, 0.125);
  Index index(paths.index());
  index.keep_metrics("a", paths.run("a"));
  EXPECT_THAT(values(index), ::testing::ElementsAre("0.5", "0.125"));
  index.drop_metrics("a");
  EXPECT_TRUE(values(index).empty());
  index.keep_metrics("a", paths.run("a"));
  EXPECT_EQ(values(index).size(), 2u);
}

TEST(CampaignIndex, AFileThatIsNoDatabaseIsRefused) {
  const Folder folder;
  const std::string file = folder.write("index.sqlite", std::string(5000, 'x'));
  try {
    const Index index(file);
    FAIL() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "campaign.index");
  }
}

}  // namespace
}  // namespace lethe::campaign
