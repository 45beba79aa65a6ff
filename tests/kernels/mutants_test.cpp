// The emulator and the checkers find the bugs that they are there for, and raise no alarm without one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>

#include "tests/kernels/mutants/mutants.h"
#include "tests/support/command.h"

namespace lethe::kernels::mutants {
namespace {

using ::testing::HasSubstr;

struct Ran : lethe::testing::CommandResult {
  int count(const std::string& start) const {
    int lines = 0;
    for (std::size_t at = 0; at < output.size(); at = output.find('\n', at) + 1) {
      lines += output.compare(at, start.size(), start) == 0;
      if (output.find('\n', at) == std::string::npos) break;
    }
    return lines;
  }
};

Ran run(const std::string& mode, Bug bug, int seeds) {
  return {lethe::testing::run_command(LETHE_MUTANTS + mode + " " + std::to_string(static_cast<int>(bug)) +
                                      " " + std::to_string(seeds))};
}

struct Mutant {
  const char* name;
  Bug bug;
  int found;         // plain runs of 10 with a wrong result or an error, at least
  const char* says;  // part of the emulator's message; null: the result is wrong, which is all it can say
  const char* asan;  // what ends the run there; null: as in a plain run
  bool race;         // the race checker reports
};

const Mutant kMutants[] = {
    {"MissingBarrierBeforeRead", Bug::missing_barrier_before_read, 10, nullptr, nullptr, true},
    {"ScratchReusedTooEarly", Bug::scratch_reused_too_early, 9, nullptr, nullptr, true},
    {"TailOffByOne", Bug::tail_off_by_one, 10, nullptr, "heap-buffer-overflow", false},
    {"SharedOverflow", Bug::shared_overflow, 10, "past the end of shared memory", "heap-buffer-overflow",
     false},
    {"WrongMask", Bug::wrong_mask, 10, "row_sums.cu:", nullptr, false},
    {"FullMaskInDivergentBranch", Bug::full_mask_in_divergent_branch, 10, "row_sums.cu:", nullptr, false},
    {"DivergentBarrier", Bug::divergent_barrier, 10, "row_sums.cu:", nullptr, false},
    {"EarlyReturnBeforeBarrier", Bug::early_return_before_barrier, 10, "threads finished", nullptr, false},
    {"UninitialisedShared", Bug::uninitialised_shared, 10, nullptr, nullptr, false},
    {"NonAtomicUpdateAcrossBlocks", Bug::non_atomic_update_across_blocks, 0, nullptr, nullptr, true},
    // Right or a crash, as the compiler chose the instruction.
    {"MisalignedVectorLoad", Bug::misaligned_vector_load, 0, nullptr, "misaligned address", false},
    {"MissingSyncwarp", Bug::missing_syncwarp, 10, nullptr, nullptr, true},
    {"TileOverwrittenTooEarly", Bug::tile_overwritten_too_early, 9, nullptr, nullptr, true},
    {"TileReadTooEarly", Bug::tile_read_too_early, 10, nullptr, nullptr, true},
    {"ShuffleFromOutsideTheMask", Bug::shuffle_from_outside_the_mask, 10, nullptr, nullptr, false},
};

class Mutants : public ::testing::TestWithParam<Mutant> {};
INSTANTIATE_TEST_SUITE_P(Emulator, Mutants, ::testing::ValuesIn(kMutants),
                         [](const auto& info) { return info.param.name; });

TEST_P(Mutants, AreFoundByRandomOrders) {
  const Ran ran = run("plain", GetParam().bug, 10);
  EXPECT_GE(ran.count("wrong") + ran.count("error"), GetParam().found) << ran.output;
  if (GetParam().says) {
    EXPECT_THAT(ran.output, HasSubstr(GetParam().says));
  }
}

TEST_P(Mutants, AreFoundByTheAddressChecker) {
  const Ran ran = run("asan", GetParam().bug, 10);
  if (GetParam().asan) {
    EXPECT_NE(ran.exit_code, 0);
    EXPECT_THAT(ran.output, HasSubstr(GetParam().asan));
  } else {
    EXPECT_GE(ran.count("wrong") + ran.count("error"), GetParam().found) << ran.output;
  }
}

TEST_P(Mutants, AreFoundByTheRaceCheckerWhereTheyAreRaces) {
  const Ran ran = run("tsan", GetParam().bug, 2);
  if (GetParam().race) {
    EXPECT_THAT(ran.output, HasSubstr("ThreadSanitizer: data race"));
  } else {
    EXPECT_THAT(ran.output, ::testing::Not(HasSubstr("data race")));
  }
}

TEST(Mutants, WithoutABugNoModeRaisesAnAlarm) {
  for (const char* mode : {"plain", "asan", "tsan"}) {
    const Ran ran = run(mode, Bug::none, 10);
    EXPECT_EQ(ran.exit_code, 0) << mode << ": " << ran.output;
    EXPECT_EQ(ran.count("right"), 10) << mode << ": " << ran.output;
    EXPECT_THAT(ran.output, ::testing::Not(HasSubstr("Sanitizer"))) << mode;
  }
}

}  // namespace
}  // namespace lethe::kernels::mutants
