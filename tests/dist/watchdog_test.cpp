#include "framework/dist/watchdog.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <future>
#include <thread>

namespace lethe::dist::tests {
namespace {

using ::testing::HasSubstr;
using namespace std::chrono_literals;

struct Kennel {  // a watchdog and the verdict it gave
  explicit Kennel(double seconds)
      : dog("rank 3 (node02, pid 811)", seconds,
            [this](const Error& error) { verdict.set_value(error.what()); }) {}
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

TEST(Watchdog, CountsTheCollectivesOfEachGroup) {
  Kennel kennel(1000);
  const std::uint64_t gathers = kennel.dog.number_group(), reductions = kennel.dog.number_group();
  { const Watchdog::Watched first(kennel.dog, "all_gather", 0, gathers); }
  const Watchdog::Watched reduces(kennel.dog, "reduce_scatter", 0, reductions);
  const Watchdog::Watched second(kennel.dog, "all_gather", 0, gathers);
  EXPECT_EQ(reduces.what().sequence, 1u);
  EXPECT_EQ(second.what().sequence, 2u);
  EXPECT_EQ(kennel.dog.present().name, "reduce_scatter") << "what has run longest";
}

// Ends with 0 where nothing expired. Runs in a process of its own.
int wait_through_a_standstill() {
  bool expired = false;
  Watchdog dog("rank 0 (a, pid 1)", 3, [&](const Error&) { expired = true; });
  const Watchdog::Watched call(dog, "all_gather", 0);
  std::this_thread::sleep_for(100ms);
  ::raise(SIGSTOP);
  std::this_thread::sleep_for(500ms);  // it looks every quarter of a second
  return expired ? 1 : 0;
}

// A job that its batch system suspends, and continues much later.
TEST(Watchdog, TimeInWhichTheProcessStoodStillDoesNotCount) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) std::_Exit(wait_through_a_standstill());
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, WUNTRACED), child);
  ASSERT_TRUE(WIFSTOPPED(status));
  std::this_thread::sleep_for(4s);
  ::kill(child, SIGCONT);
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0) << status;
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
