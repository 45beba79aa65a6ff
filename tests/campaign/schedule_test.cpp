// Laws of the schedule: needs first, bounded retries, a failure stops what it must and no more.
#include <gtest/gtest.h>

#include "framework/campaign/schedule.h"

namespace lethe::campaign {
namespace {

// plant <- a, plant <- b; a cell each, and a cell of its own for c.
Plan small_plan() {
  Plan plan;
  plan.tasks = {{.key = "plant", .stage = "plant"},
                {.key = "a", .stage = "unlearn", .needs = {"plant"}},
                {.key = "b", .stage = "unlearn", .needs = {"plant"}},
                {.key = "c", .stage = "other"}};
  plan.cells = {{.tasks = {"plant", "a"}}, {.tasks = {"plant", "b"}}, {.tasks = {"c"}}};
  return plan;
}

TEST(Schedule, ATaskWaitsForItsNeeds) {
  const Plan plan = small_plan();
  Schedule schedule(plan, {});
  EXPECT_EQ(schedule.next_ready()->key, "plant");
  schedule.started("plant");
  EXPECT_EQ(schedule.next_ready()->key, "c");
  schedule.started("c");
  EXPECT_EQ(schedule.next_ready(), nullptr);
  schedule.finished("plant", {.seconds = 4});
  EXPECT_EQ(schedule.next_ready()->key, "a");
  EXPECT_EQ(schedule.cells().running, 1u);
  EXPECT_DOUBLE_EQ(*schedule.work_left_seconds(), 12);  // three tasks of unknown stages, at the mean of all
}

TEST(Schedule, NoTimeIsLeftWhereWhatIsNotDoneHasFailed) {
  const Plan plan = small_plan();
  Schedule schedule(plan, {.keep_going = true});
  schedule.started("c");
  schedule.finished("c", {.seconds = 4});
  schedule.started("plant");
  schedule.finished("plant", {.exit_code = 78});
  EXPECT_FALSE(schedule.work_left_seconds());
}

TEST(Schedule, AFailureThatWillNotChangeIsNotRetried) {
  const Plan plan = small_plan();
  Schedule schedule(plan, {.retries = 5, .keep_going = true});
  schedule.started("plant");
  schedule.finished("plant", {.exit_code = 78});
  EXPECT_EQ(schedule.state("plant"), TaskState::failed);
  EXPECT_EQ(schedule.state("a"), TaskState::blocked);
  EXPECT_EQ(schedule.next_ready()->key, "c");  // keep_going
  EXPECT_EQ(schedule.cells().failed, 2u);
}

// Somebody removed a planted model to free the disk, and planting it again fails.
TEST(Schedule, WhatIsDoneIsNotBlocked) {
  const Plan plan = small_plan();
  Schedule schedule(plan, {.retries = 0, .keep_going = true});
  schedule.found_done("a", {});
  schedule.started("plant");
  schedule.finished("plant", {.exit_code = 80});
  EXPECT_EQ(schedule.state("a"), TaskState::done);
  EXPECT_EQ(schedule.state("b"), TaskState::blocked);
}

TEST(Schedule, WithoutKeepGoingNothingStartsAfterAFailure) {
  const Plan plan = small_plan();
  Schedule schedule(plan, {.retries = 0});
  schedule.started("plant");
  schedule.finished("plant", {.exit_code = 80});
  EXPECT_EQ(schedule.next_ready(), nullptr);
  EXPECT_EQ(schedule.cells().waiting, 1u);
}

TEST(Schedule, RetriesAreBounded) {
  const Plan plan = small_plan();
  Schedule schedule(plan, {.retries = 2});
  for (int attempt = 1; attempt <= 3; ++attempt) {
    ASSERT_NE(schedule.next_ready(), nullptr);
    EXPECT_EQ(schedule.next_attempt("plant"), attempt);
    schedule.started("plant");
    schedule.finished("plant", {.exit_code = 137});
  }
  EXPECT_EQ(schedule.state("plant"), TaskState::failed);
}

TEST(Schedule, AStoppedTaskWaitsAgainAndLosesNoAttempt) {
  const Plan plan = small_plan();
  Schedule schedule(plan, {.retries = 0});
  for (int i = 0; i < 4; ++i) {
    schedule.started("plant");
    schedule.finished("plant", {.exit_code = 75});
    EXPECT_EQ(schedule.state("plant"), TaskState::waiting);
    EXPECT_EQ(schedule.next_attempt("plant"), 1);
  }
}

TEST(Schedule, AFailureThatWasFoundCountsItsAttempts) {
  const Plan plan = small_plan();
  Schedule schedule(plan, {.retries = 1, .keep_going = true});
  schedule.found_failed("plant", {.exit_code = 76, .attempt = 1});
  EXPECT_EQ(schedule.state("plant"), TaskState::waiting);
  EXPECT_EQ(schedule.next_attempt("plant"), 2);
  schedule.found_failed("plant", {.exit_code = 76, .attempt = 2});
  EXPECT_EQ(schedule.state("plant"), TaskState::failed);
  EXPECT_EQ(schedule.state("a"), TaskState::blocked);
}

}  // namespace
}  // namespace lethe::campaign
