#include "framework/dist/launcher.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include "framework/dist/world.h"

namespace lethe::dist::tests {
namespace {

class LauncherTest : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const char* name : {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK", "PMI_SIZE", "SLURM_PROCID",
                             "SLURM_STEP_NUM_TASKS"}) {
      unsetenv(name);
    }
  }
  void TearDown() override { SetUp(); }
};

TEST_F(LauncherTest, NoneMeansOneRankWithoutMpi) {
  EXPECT_FALSE(find_launcher());
  World world;
  EXPECT_EQ(world.group().backend(), "single");
  EXPECT_EQ(world.info().size, 1);
  EXPECT_EQ(world.watchdog(), nullptr);
}

TEST_F(LauncherTest, MpirunSaysHowMany) {
  setenv("OMPI_COMM_WORLD_SIZE", "3", 1);
  EXPECT_EQ(find_launcher()->ranks, 3);
}

TEST_F(LauncherTest, PmiAndPmixAreLaunchers) {
  setenv("PMI_RANK", "0", 1);
  setenv("PMI_SIZE", "4", 1);
  EXPECT_EQ(find_launcher()->ranks, 4);
  setenv("PMIX_RANK", "0", 1);
  EXPECT_TRUE(find_launcher()->speaks_mpi);
}

TEST_F(LauncherTest, ABatchScriptIsNotALauncher) {
  setenv("SLURM_PROCID", "0", 1);
  EXPECT_FALSE(find_launcher());
}

TEST_F(LauncherTest, SrunWithoutPmiIsRefused) {
  setenv("SLURM_PROCID", "1", 1);
  setenv("SLURM_STEP_NUM_TASKS", "4", 1);
  EXPECT_FALSE(find_launcher()->speaks_mpi);
  try {
    World world;
    FAIL() << "started four worlds of one rank";
  } catch (const std::exception& error) {
    EXPECT_NE(std::string(error.what()).find("error[dist.launcher]: srun started 4 tasks"), std::string::npos)
        << error.what();
  }
}

}  // namespace
}  // namespace lethe::dist::tests
