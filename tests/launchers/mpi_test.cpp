// launchers/mpi: the job's exit code, also where mpirun crashes after the job has ended; its session folder.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/command.h"

namespace lethe::launchers {
namespace {

namespace fs = std::filesystem;

class MpiScript : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("mpi_script_" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "tmp");
  }
  void TearDown() override { fs::remove_all(folder_); }

  // The exit code, with a shell text in the place of mpirun.
  int code_with_mpirun(const std::string& text) const {
    const fs::path mpirun = folder_ / "mpirun";
    std::ofstream(mpirun) << "#!/bin/bash\n" << text << "\n";
    fs::permissions(mpirun, fs::perms::owner_all);
    return lethe::testing::run_command("TMPDIR=" + (folder_ / "tmp").string() + " PATH=" + folder_.string() +
                                       ":$PATH " + LETHE_SOURCE_DIR + "/launchers/mpi -n 2 job")
        .exit_code;
  }
  bool left_something() const { return !fs::is_empty(folder_ / "tmp"); }

  fs::path folder_;
};

TEST_F(MpiScript, HandsOnTheExitCode) {
  for (const int code : {0, 1, 76, 137}) EXPECT_EQ(code_with_mpirun("exit " + std::to_string(code)), code);
  EXPECT_FALSE(left_something());
}

TEST_F(MpiScript, ARanksWordStandsWhereMpirunCrashed) {
  EXPECT_EQ(code_with_mpirun("echo 76 >> $LETHE_EXIT_CODE_FILE; kill -SEGV $$"), 76);
  EXPECT_EQ(
      code_with_mpirun("echo 80 >> $LETHE_EXIT_CODE_FILE; echo 76 >> $LETHE_EXIT_CODE_FILE; kill -ABRT $$"),
      80)
      << "the first rank's word";
  EXPECT_EQ(code_with_mpirun("kill -SEGV $$"), 139) << "nobody said anything";
  EXPECT_EQ(code_with_mpirun("echo 76 >> $LETHE_EXIT_CODE_FILE; exit 78"), 78) << "mpirun did not crash";
  EXPECT_FALSE(left_something());
}

// A job in the place of mpirun that does `on_usr1` when it is asked to stop, and sends the signal to the
// script.
class MpiScriptToldToStop : public MpiScript, public ::testing::WithParamInterface<const char*> {
 protected:
  int code_where_the_job_does(const std::string& on_usr1) const {
    return code_with_mpirun("trap '" + on_usr1 + "' USR1; kill -" + GetParam() +
                            " $PPID; while :; do sleep 0.02; done");
  }
};
INSTANTIATE_TEST_SUITE_P(By, MpiScriptToldToStop, ::testing::Values("INT", "TERM", "HUP"));

TEST_P(MpiScriptToldToStop, LetsTheRanksSaveTheirState) {
  EXPECT_EQ(code_where_the_job_does("exit 75"), 75);
  EXPECT_FALSE(left_something());
}

TEST_P(MpiScriptToldToStop, AsksRanksThatDoNotListenYet) {
  EXPECT_EQ(code_where_the_job_does("trap - USR1; kill -USR1 $$"), 75);
}

TEST_F(MpiScript, ASignalThatNobodySentItIsAnEndLikeOthers) {
  EXPECT_EQ(code_with_mpirun("kill -USR1 $$"), 138);
}

// In a shared session folder, the end of one job takes what another is about to use.
TEST_F(MpiScript, EachJobHasASessionFolderOfItsOwnAndLeavesNone) {
  const std::string note = "echo $OMPI_MCA_orte_tmpdir_base >> " + (folder_ / "sessions").string() +
                           "; test -d $OMPI_MCA_orte_tmpdir_base";
  EXPECT_EQ(code_with_mpirun(note), 0);
  EXPECT_EQ(code_with_mpirun(note), 0);
  std::ifstream sessions(folder_ / "sessions");
  std::string first, second;
  std::getline(sessions, first);
  std::getline(sessions, second);
  EXPECT_TRUE(first.starts_with((folder_ / "tmp").string())) << first;
  EXPECT_NE(first, second);
  EXPECT_FALSE(left_something());
}

}  // namespace
}  // namespace lethe::launchers
