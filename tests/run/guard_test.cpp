// Exceptions to messages and exit codes; what several ranks say and do.
#include "framework/run/guard.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>
#include <system_error>

#include "framework/base/error.h"
#include "framework/base/memory_counter.h"

namespace lethe::run {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Outcome {
  int code = -1;
  std::string out, err;
};

Outcome outcome(const GuardOptions& options, const std::function<int()>& body) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = guarded(options, body);
  std::string out = testing::internal::GetCapturedStdout();
  return {code, std::move(out), testing::internal::GetCapturedStderr()};
}

template <class E>
std::function<int()> throwing(E error) {
  return [error]() -> int { throw error; };
}

GuardOptions rank_of_two(int rank, int& aborted_with) {
  return {.rank = rank,
          .world_size = 2,
          .host = "node02",
          .abort_others = [&aborted_with](int code) { aborted_with = code; },
          .head_start = std::chrono::milliseconds(0)};
}

TEST(Guard, PassesTheBodysCodeOnAndSaysNothing) {
  const Outcome o = outcome({}, [] { return 3; });
  EXPECT_EQ(o.code, 3);
  EXPECT_EQ(o.out + o.err, "");
}

TEST(Guard, PrintsAnErrorOnceWithItsHintAndGivesItsCode) {
  const Outcome o = outcome({}, throwing(Error("config.missing", "cannot open conf.yaml", "look again")));
  EXPECT_EQ(o.code, 66);
  EXPECT_EQ(o.err, "error[config.missing]: cannot open conf.yaml\nhint: look again\n");
  EXPECT_EQ(o.out, "");
}

TEST(Guard, MemoryHasItsOwnCode) {
  EXPECT_EQ(outcome({}, throwing(std::bad_alloc())).code, 79);
  const Outcome o =
      outcome({}, throwing(std::runtime_error("CUDA out of memory. Tried 2 GiB\nException raised from …")));
  EXPECT_EQ(o.code, 79);
  EXPECT_THAT(o.err, StartsWith("error[oom]: CUDA out of memory. Tried 2 GiB\nhint: "));
  EXPECT_EQ(
      outcome({}, throwing(std::runtime_error("DefaultCPUAllocator: can't allocate memory: 8 bytes"))).code,
      79);
}

TEST(Guard, SaysWhatMemoryWasForAndTheKeyThatHelps) {
  const auto counters = std::make_shared<base::MemoryCounters>();
  counters->add(base::Memory::weights, 3 << 20);
  const Outcome o = outcome({}, [&]() -> int {
    const base::MemoryScope all(counters, base::Memory::other);
    const base::MemoryScope activations(base::Memory::activations);
    throw std::runtime_error("CUDA out of memory. Tried to allocate 2.00 GiB\nException raised from …");
  });
  EXPECT_EQ(o.code, 79);
  EXPECT_THAT(
      o.err,
      StartsWith(
          "error[oom]: CUDA out of memory. Tried to allocate 2.00 GiB (for activations; held: "
          "weights 3.0 MiB)\nhint: smaller train.micro_batch or parallel.recompute: selective or full"));
}

TEST(Guard, OtherExceptionsAreBugsUnlessTheSystemSpoke) {
  const Outcome bug = outcome({}, throwing(std::logic_error("broken\nbacktrace")));
  EXPECT_EQ(bug.code, 70);
  EXPECT_THAT(bug.err, StartsWith("error[internal]: broken\nhint: this is a bug"));
  EXPECT_EQ(outcome({}, throwing(42)).code, 70);
  EXPECT_EQ(
      outcome({}, throwing(std::system_error(std::make_error_code(std::errc::too_many_files_open)))).code,
      71);
  EXPECT_EQ(outcome({}, [] { return static_cast<int>(std::filesystem::file_size("no/such/file")); }).code,
            74);
}

TEST(Guard, JsonIsOneLineOnStdoutBesideTheMessage) {
  const Outcome o =
      outcome({.host = "n1", .json = true}, throwing(Error("data.encoding", "bad \xff \"byte\"\nx", "h")));
  EXPECT_EQ(std::count(o.out.begin(), o.out.end(), '\n'), 1);
  const auto error = nlohmann::json::parse(o.out).at("error");
  EXPECT_EQ(error.at("key"), "data.encoding");
  EXPECT_EQ(error.at("message"), "bad \uFFFD \"byte\"\nx");
  EXPECT_EQ(error.at("hint"), "h");
  EXPECT_EQ(error.at("exit_code"), 65);
  EXPECT_EQ(error.at("rank"), 0);
  EXPECT_EQ(error.at("host"), "n1");
  EXPECT_THAT(o.err, HasSubstr("error[data.encoding]: "));
}

TEST(Guard, OneFailingRankNamesItselfAndEndsTheOthers) {
  int aborted_with = 0;
  const Outcome o =
      outcome(rank_of_two(1, aborted_with), throwing(Error("num.nonfinite", "loss NaN at step 12")));
  EXPECT_EQ(o.code, 80);
  EXPECT_EQ(aborted_with, 80);
  EXPECT_EQ(o.err, "rank 1 on node02: error[num.nonfinite]: loss NaN at step 12\n");
}

TEST(Guard, SingleRankAbortsNobody) {
  int aborted_with = 0;
  GuardOptions options = rank_of_two(0, aborted_with);
  options.world_size = 1;
  EXPECT_EQ(outcome(options, throwing(Error("io.space", "full"))).code, 74);
  EXPECT_EQ(aborted_with, 0);
}

TEST(Guard, OtherRanksGiveRankZeroAHeadStart) {
  int aborted_with = 0;
  GuardOptions options = rank_of_two(1, aborted_with);
  options.head_start = std::chrono::milliseconds(50);
  const auto start = std::chrono::steady_clock::now();
  (void)outcome(options, throwing(Error("config.unknown", "x")));
  EXPECT_GE(std::chrono::steady_clock::now() - start, options.head_start);
}

TEST(Guard, StoppingIsSaidByRankZeroAndIsNoFailure) {
  int aborted_with = 0;
  const auto stop =
      throwing(Error("stopped", "stopped at step 417, state saved; run the same command to go on"));
  const Outcome zero = outcome(rank_of_two(0, aborted_with), stop),
                one = outcome(rank_of_two(1, aborted_with), stop);
  EXPECT_EQ(zero.code, 75);
  EXPECT_EQ(one.code, 75);
  EXPECT_EQ(zero.err, "stopped at step 417, state saved; run the same command to go on\n");
  EXPECT_EQ(one.err, "");
  EXPECT_EQ(aborted_with, 0);
}

TEST(Guard, ReadsItsOptionsWhenSomethingWasThrown) {
  int aborted_with = 0;
  GuardOptions options;
  const Outcome o = outcome(options, [&]() -> int {
    options = rank_of_two(0, aborted_with);  // as main does once MPI is up
    fail("peer.lost", "gone");
  });
  EXPECT_EQ(aborted_with, 76);
  EXPECT_THAT(o.err, StartsWith("rank 0 on node02: "));
}

}  // namespace
}  // namespace lethe::run
