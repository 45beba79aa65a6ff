#include "framework/training/refresh.h"

#include <gtest/gtest.h>

#include <limits>

#include "framework/base/error.h"
#include "framework/config/document.h"

namespace lethe::training {
namespace {

RefreshOptions read(const std::string& yaml) {
  config::Section section = config::parse(yaml, "test.yaml");
  return read_refresh(section);
}

TEST(Refresh, NeverIsNever) {
  Refresh refresh(read("{}"), 5);
  refresh.scored(0, 1.0);
  for (int step = 0; step < 50; ++step) refresh.observe(100);
  EXPECT_FALSE(refresh.due(1000));
}

TEST(Refresh, AnIntervalIsThePapersM) {
  Refresh refresh(read("refresh: {name: interval, every: 3}\n"), 5);
  refresh.scored(0, 1.0);
  EXPECT_FALSE(refresh.due(2));
  EXPECT_TRUE(refresh.due(3));
  refresh.scored(3, 1.0);
  EXPECT_FALSE(refresh.due(5));
  EXPECT_TRUE(refresh.due(6));
}

TEST(Refresh, AnIntervalNeedsItsLength) {
  EXPECT_THROW((void)read("refresh: interval\n"), Error);
  EXPECT_THROW((void)read("refresh: {name: never, every: 3}\n"), Error);
}

TEST(Refresh, ByLossWaitsForAnEpochAndThenForTwiceTheLoss) {
  Refresh refresh(read("refresh: loss\n"), 4);
  refresh.scored(0, 0.1);
  for (int step = 0; step < 3; ++step) refresh.observe(0.3);
  EXPECT_FALSE(refresh.due(3)) << "an epoch is not over";
  refresh.observe(0.3);
  EXPECT_TRUE(refresh.due(4));
  refresh.scored(4, 0.3);
  for (int step = 0; step < 4; ++step) refresh.observe(0.5);
  EXPECT_FALSE(refresh.due(8)) << "less than twice, less than half a nat";
}

TEST(Refresh, ByLossTakesHalfANatWhereTheLossIsLarge) {
  Refresh refresh(read("refresh: {name: loss, at_least: 1}\n"), 4);
  refresh.scored(0, 2.0);
  refresh.observe(2.4);
  EXPECT_FALSE(refresh.due(1));
  refresh.observe(2.7);
  EXPECT_TRUE(refresh.due(2)) << "running mean 2.55";
}

TEST(Refresh, ByLossComesAtMostSoManyUpdatesLater) {
  Refresh refresh(read("refresh: {name: loss, at_least: 2, at_most: 6}\n"), 4);
  refresh.scored(0, 1.0);
  EXPECT_FALSE(refresh.due(5));
  EXPECT_TRUE(refresh.due(6)) << "nothing was seen";
  refresh.scored(6, 1.0);
  for (int step = 0; step < 6; ++step) refresh.observe(1.0);
  EXPECT_FALSE(refresh.due(11));
  EXPECT_TRUE(refresh.due(12)) << "the loss stays";
  refresh.observe(9.0), refresh.observe(9.0);
  EXPECT_FALSE(refresh.due(7));
  EXPECT_TRUE(refresh.due(8));
  EXPECT_EQ(Refresh(read("refresh: {name: loss, at_most: 3}\n"), 4).earliest(), 3)
      << "before the epoch is over";
  EXPECT_THROW((void)read("refresh: {name: loss, at_least: 7, at_most: 6}\n"), Error);
}

TEST(Refresh, SaysWhenItCanBeDueAtTheEarliest) {
  EXPECT_GT(Refresh(read("{}"), 4).earliest(), 1'000'000);
  EXPECT_EQ(Refresh(read("refresh: {name: interval, every: 3}\n"), 4).earliest(), 3);
  EXPECT_EQ(Refresh(read("refresh: loss\n"), 4).earliest(), 4);
  EXPECT_EQ(Refresh(read("refresh: {name: loss, at_least: 9}\n"), 4).earliest(), 9);
}

TEST(Refresh, BatchesWithoutForgetSamplesSayNothing) {
  Refresh refresh(read("refresh: {name: loss, at_least: 1}\n"), 4);
  refresh.scored(0, 0.1);
  refresh.observe(std::numeric_limits<double>::quiet_NaN());
  EXPECT_FALSE(refresh.due(9));
  EXPECT_EQ(refresh.state().running, 0.1);
}

TEST(Refresh, ByLossGoesByALookWhereBatchesDoNotTellIt) {
  Refresh refresh(read("refresh: loss\n"), 4);
  refresh.scored(0, 0.1);
  refresh.look(0.15);
  EXPECT_FALSE(refresh.due(4)) << "less than twice";
  refresh.look(0.3);
  EXPECT_FALSE(refresh.due(3)) << "an epoch is not over";
  EXPECT_TRUE(refresh.due(4)) << "the last look alone counts";
  refresh.look(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(refresh.due(4));
  refresh.scored(4, 0.3);
  EXPECT_FALSE(refresh.due(9)) << "nothing was seen since";
}

TEST(Refresh, GoesOnFromItsState) {
  Refresh one(read("refresh: loss\n"), 4), two(read("refresh: loss\n"), 4);
  one.scored(0, 0.1);
  one.observe(0.15);
  two.restore(one.state());
  for (int step = 0; step < 6; ++step) {
    one.observe(0.1 * step);
    two.observe(0.1 * step);
    EXPECT_EQ(one.state().running, two.state().running);
    EXPECT_EQ(one.due(step), two.due(step));
  }
}

}  // namespace
}  // namespace lethe::training
