// launchers/again: starts a job again after 75 and 76, for as long as its checkpoints move.
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

struct Ended : lethe::testing::CommandResult {
  int starts = 0;
};

class Again : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / ("again_" + std::to_string(getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_ / "run" / "checkpoints");
  }
  void TearDown() override { fs::remove_all(folder_); }

  // A job whose n-th start (from 1) runs this shell text, with `save N` for a checkpoint of step N.
  std::string job(const std::string& text) const {
    const fs::path script = folder_ / "job";
    std::ofstream(script)
        << "cd '" << folder_.string() << "'\n"
        << "save() { mkdir -p run/checkpoints/step-$1; touch run/checkpoints/step-$1/manifest.json; }\n"
        << "echo start >> starts; n=$(wc -l < starts)\n"
        << text << "\n";
    return "bash " + script.string() + " --out " + (folder_ / "run").string();
  }
  Ended run(const std::string& arguments) const {
    Ended ended{lethe::testing::run_command(std::string(LETHE_SOURCE_DIR) + "/launchers/again " + arguments)};
    std::ifstream starts(folder_ / "starts");
    for (std::string line; std::getline(starts, line);) ++ended.starts;
    return ended;
  }
  fs::path folder_;
};

TEST_F(Again, GoesOnAfterStopsAndLostRanksUntilTheJobIsDone) {
  const Ended ended = run("--pause 0 --attempts 2 " +
                          job("save $n; case $n in 1|3|5) exit 76 ;; 2|4) exit 75 ;; *) exit 0 ;; esac"));
  EXPECT_EQ(ended.exit_code, 0) << ended.output;
  EXPECT_EQ(ended.starts, 6);
  EXPECT_THAT(ended.output, HasSubstr("exit code 76; going on from step 5"));
}

TEST_F(Again, GivesUpAfterSoManyStartsWithoutANewerCheckpoint) {
  const Ended ended = run("--pause 0 --attempts 3 " + job("[ $n -gt 2 ] || save $n; exit 76"));
  EXPECT_EQ(ended.exit_code, 76);
  EXPECT_EQ(ended.starts, 5) << "two that saved, three that did not";
  EXPECT_THAT(ended.output, HasSubstr("after 3 starts without a newer checkpoint than step 2; giving up"));
}

TEST_F(Again, ACheckpointWithoutManifestIsNoProgress) {
  const Ended ended = run("--pause 0 --attempts 1 " + job("mkdir -p run/checkpoints/step-9; exit 75"));
  EXPECT_EQ(ended.exit_code, 75);
  EXPECT_EQ(ended.starts, 1);
}

TEST_F(Again, OtherExitCodesEndAtOnceUnlessTheyAreNamed) {
  EXPECT_EQ(run("--pause 0 " + job("exit 78")).exit_code, 78);
  fs::remove(folder_ / "starts");
  const Ended named = run("--pause 0 --also 137 " + job("save $n; [ $n -lt 3 ] && exit 137; exit 0"));
  EXPECT_EQ(named.exit_code, 0);
  EXPECT_EQ(named.starts, 3);
}

class AgainToldToStop : public Again, public ::testing::WithParamInterface<const char*> {};
INSTANTIATE_TEST_SUITE_P(By, AgainToldToStop, ::testing::Values("TERM", "HUP"));

TEST_P(AgainToldToStop, HandsTheSignalOnAndDoesNotStartAgain) {
  const std::string again = std::string(LETHE_SOURCE_DIR) + "/launchers/again --pause 0 " +
                            job("trap \"exit 75\" TERM; while :; do sleep 0.05; done");
  const std::string command = again + " & a=$!; until [ -e " + (folder_ / "starts").string() +
                              " ]; do sleep 0.05; done; sleep 0.2; kill -" + GetParam() + " $a; wait $a";
  const int status = std::system(("bash -c '" + command + "' 2>/dev/null").c_str());
  EXPECT_EQ(WEXITSTATUS(status), 75);
  std::ifstream starts(folder_ / "starts");
  std::string line;
  std::getline(starts, line);
  EXPECT_FALSE(std::getline(starts, line)) << "started again after a signal";
}

TEST_F(Again, WrongUseIsRefused) {
  for (const char* wrong :
       {"", "--attempts x true --out r", "--attempts 0 true --out r", "--pause", "true", "--what true"})
    EXPECT_EQ(run(wrong).exit_code, 64) << wrong;
}

}  // namespace
}  // namespace lethe::launchers
