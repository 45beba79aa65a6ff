// configs/studies/samplers.py: its intervals, and the page of results that it made.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "framework/base/atomic_file.h"
#include "tests/structure/source_tree.h"
#include "tests/support/command.h"

namespace lethe::structure {
namespace {

lethe::testing::CommandResult python(const std::string& code) {
  const std::string folder = (source_root() / "configs/studies").string();
  return lethe::testing::run_command("cd '" + folder + "' && python3 -B -c 'import samplers; " + code + "'");
}

// tanh(atanh(0.6) -+ 1.96 sqrt(1.06 / 17)) of ranks, without the 1.06 of values.
TEST(StudyTables, CorrelationsHaveTheIntervalsOfFishersZ) {
  const std::string x = "x = list(range(20)); ", y = "y = [v * 7 % 20 for v in x]; ",
                    r = "samplers.statistics.correlation = lambda *_: 0.6; ";
  EXPECT_EQ(python(x + y + r + "print(samplers.correlation(x, y, True))").output, "+0.60 [+0.20, +0.83]\n");
  EXPECT_EQ(python(x + y + r + "print(samplers.correlation(x, y, False))").output, "+0.60 [+0.21, +0.82]\n");
}

TEST(StudyTables, IntervalsOfManyPairsAreStudents) {
  // Mean 0, standard deviation 1: half widths are t / sqrt n.
  const std::string spread = "f = lambda n: [v * ((n - 1) / n) ** 0.5 for v in [1, -1] * (n // 2)]; ";
  EXPECT_EQ(python(spread + "print(samplers.interval(f(10)))").output, "+0 ± 0.72\n");
  EXPECT_EQ(python(spread + "print(samplers.interval(f(12)))").output, "+0 ± 0.64\n");
  EXPECT_EQ(python(spread + "print(samplers.interval(f(30)))").output, "+0 ± 0.37\n");
  EXPECT_EQ(python(spread + "print(samplers.interval(f(100)))").output, "+0 ± 0.2\n");
}

// What is varied beside the sampler and the seed never falls together: scores make another sampler, the rest
// another table.
TEST(StudyTables, OtherChoicesMakeOtherTablesOrSamplers) {
  const std::string choices =
      "c = {\"sampler\": \"mrd\", \"seed\": \"2\", \"objective\": \"npo\", \"score.refresh\": "
      "\"interval\"}; ";
  EXPECT_EQ(python(choices + "print(sorted(samplers.named(\"forget05\", c).values(), key=str))").output,
            "[2, 'forget05, objective npo', 'mrd, score.refresh interval']\n");
  EXPECT_EQ(python(choices + "print(samplers.named(\"npo\", c)[\"objective\"])").output, "npo\n");
  const std::string one =
      "{\"sampler\": \"mrd\", \"seed\": 1, \"batches\": [], \"tokens\": [], \"evaluated\": "
      "[{\"step\": 1, \"forget\": [0.1], \"kept\": [0.9]}]}";
  const std::string start = "{\"forget\": [0.9], \"kept\": [0.9]}";
  const auto twice = python("samplers.sampler_table([" + one + "] * 2, " + start + ", 0.2, 0.9)");
  EXPECT_NE(twice.exit_code, 0);
  EXPECT_THAT(twice.output, ::testing::HasSubstr("two cells of the same sampler and seed"));
}

TEST(StudyTables, ThePageHasTheNumbersThatTheScriptMakes) {
  const std::string page = base::read_file(source_root() / "docs/results/samplers.md");
  for (const std::string share : {"0.9", "0.75"}) {
    const auto made = python("samplers.table(\"../../docs/results/samplers\", 0.2, " + share + ")");
    ASSERT_EQ(made.exit_code, 0) << made.output;
    std::istringstream lines(made.output);
    for (std::string line; std::getline(lines, line);) EXPECT_THAT(page, ::testing::HasSubstr(line));
  }
}

}  // namespace
}  // namespace lethe::structure
