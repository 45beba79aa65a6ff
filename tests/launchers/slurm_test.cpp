// launchers/slurm.sbatch: what a job hands on to srun, and that its log needs no folder.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/command.h"

namespace lethe::launchers {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

TEST(SlurmScript, HandsItsCoresAndItsWordsOn) {
  const fs::path folder = fs::path(::testing::TempDir()) / ("slurm_script_" + std::to_string(getpid()));
  fs::create_directories(folder);
  std::ofstream(folder / "srun") << "#!/bin/bash\necho \"$OMP_NUM_THREADS $SRUN_CPUS_PER_TASK $*\"\n";
  fs::permissions(folder / "srun", fs::perms::owner_all);
  const auto run = [&](const std::string& given) {
    return lethe::testing::run_command(given + " SLURM_SUBMIT_DIR=" + folder.string() +
                                       " PATH=" + folder.string() + ":$PATH bash " + LETHE_SOURCE_DIR +
                                       "/launchers/slurm.sbatch train a.yaml")
        .output;
  };
  EXPECT_THAT(run("SLURM_CPUS_PER_TASK=8"), HasSubstr("8 8 --mpi=pmix"));
  EXPECT_THAT(run("SLURM_CPUS_PER_TASK="), HasSubstr("1 1 --mpi=pmix"));
  EXPECT_THAT(run(""), HasSubstr("build/launchers/lethe train a.yaml"));
  fs::remove_all(folder);
}

// Slurm drops the output of a job whose folder is not there, as `runs` is not in a fresh clone.
TEST(SlurmScript, WritesItsLogWhereItWasSubmitted) {
  std::ifstream script(std::string(LETHE_SOURCE_DIR) + "/launchers/slurm.sbatch");
  std::string output;
  for (std::string line; std::getline(script, line);)
    if (line.starts_with("#SBATCH --output=")) output = line;
  EXPECT_EQ(output, "#SBATCH --output=slurm-%j.log");
}

}  // namespace
}  // namespace lethe::launchers
