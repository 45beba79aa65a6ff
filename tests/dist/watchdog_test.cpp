#include "framework/dist/watchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <future>
#include <thread>

namespace lethe::dist::tests {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct Kennel {  // a watchdog and the verdict it gave
  explicit Kennel(double seconds)
      : dog("rank 3 (node02, pid 811)", seconds,
            [this](const std::string& text) { verdict.set_value(text); }) {}
  std::promise<std::string> verdict;
  std::future<std::string> given = verdict.get_future();
  Watchdog dog;
};

TEST(Watchdog, NamesTheRankTheCollectiveAndTheStep) {
  Kennel kennel(0.1);
  kennel.dog.set_step(9);
  { const Watchdog::Watched quick(kennel.dog, "barrier", 0); }
  const CollectiveLabel label("layer 12");
  const Watchdog::Watched stuck(kennel.dog, "reduce_scatter", 3 << 20);
  ASSERT_EQ(kennel.given.wait_for(10s), std::future_status::ready);
  EXPECT_THAT(kennel.given.get(),
              HasSubstr("error[peer.hung]: no progress for 0.1 s: rank 3 (node02, pid 811) in "
                        "reduce_scatter #2 of layer 12, step 9, 3.0 MiB"));
}

TEST(Watchdog, IsQuietWhileCollectivesEnd) {
  Kennel kennel(0.3);
  for (int i = 0; i < 12; ++i) {
    const Watchdog::Watched call(kennel.dog, "barrier", 0);
    std::this_thread::sleep_for(50ms);
  }
  EXPECT_EQ(kennel.given.wait_for(0s), std::future_status::timeout);
}

TEST(Watchdog, ProgressStartsTheDeadlineAnew) {
  Kennel kennel(0.5);
  Watchdog::Watched call(kennel.dog, "all_gather", 1);
  for (int i = 0; i < 10; ++i) {
    std::this_thread::sleep_for(100ms);
    call.progress();
  }
  EXPECT_EQ(kennel.given.wait_for(0s), std::future_status::timeout);
}

TEST(Watchdog, AShorterDeadlineCountsForWhatRuns) {
  Kennel kennel(1000);
  const Watchdog::Watched call(kennel.dog, "barrier", 0);
  kennel.dog.set_deadline_seconds(0.05);
  EXPECT_EQ(kennel.given.wait_for(10s), std::future_status::ready);
}

TEST(Watchdog, RemembersTheLastCollectives) {
  Kennel kennel(1000);
  for (int i = 0; i < 40; ++i) const Watchdog::Watched call(kennel.dog, "barrier", 0);
  const Watchdog::Watched running(kennel.dog, "all_gather", 0);
  const auto recent = kennel.dog.recent();
  ASSERT_EQ(recent.size(), 32u);
  EXPECT_EQ(recent.front().sequence, 10u);
  EXPECT_TRUE(recent.front().finished);
  EXPECT_EQ(recent.back().sequence, 41u);
  EXPECT_FALSE(recent.back().finished);
}

TEST(CollectiveLabel, EndsWithItsScope) {
  const CollectiveLabel outer("step");
  {
    const CollectiveLabel inner("layer 3");
    EXPECT_EQ(CollectiveLabel::current(), "layer 3");
  }
  EXPECT_EQ(CollectiveLabel::current(), "step");
}

}  // namespace
}  // namespace lethe::dist::tests
