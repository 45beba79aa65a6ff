#include "framework/records/run_directory.h"

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "tests/records/scratch_folder.h"

namespace lethe::records {
namespace {

TEST(RunDirectory, IsMadeWithItsConfig) {
  const ScratchFolder folder;
  const RunDirectory run = open_run_directory(folder / "a/run", "train", "seed: 1\n", false);
  EXPECT_FALSE(run.continues);
  EXPECT_EQ(text_of(run.paths.config()), "seed: 1\n");
  EXPECT_EQ(run.paths.checkpoint(40), folder / "a/run" / "checkpoints" / "step-40");
  EXPECT_EQ(run.paths.report("html"), folder / "a/run/report.html");
}

TEST(RunDirectory, GoesOnWithTheSameConfig) {
  const ScratchFolder folder;
  (void)open_run_directory(folder / "run", "train", "seed: 1\n", false);
  EXPECT_TRUE(open_run_directory(folder / "run", "train", "seed: 1\n", false).continues);
}

TEST(RunDirectory, RefusesAnotherConfigUnlessResumed) {
  const ScratchFolder folder;
  (void)open_run_directory(folder / "run", "train", "seed: 1\n", false);
  std::string message;
  EXPECT_EQ(
      error_key([&] { (void)open_run_directory(folder / "run", "train", "seed: 2\n", false); }, &message),
      "out.exists");
  EXPECT_NE(message.find("holds a run with another config (use --resume or another name)"),
            std::string::npos);
  EXPECT_EQ(text_of(folder / "run/config.yaml"), "seed: 1\n");
  EXPECT_EQ(exit_code_of("out.exists"), 73);
}

// Whether the run goes on with the other one is not settled when the folder is opened.
TEST(RunDirectory, KeepsItsConfigWhereItIsResumedWithAnother) {
  const ScratchFolder folder;
  EXPECT_FALSE(open_run_directory(folder / "run", "train", "seed: 1\n", true).other_config);
  EXPECT_FALSE(open_run_directory(folder / "run", "train", "seed: 1\n", true).other_config);
  const RunDirectory resumed = open_run_directory(folder / "run", "train", "seed: 2\n", true);
  EXPECT_TRUE(resumed.continues);
  EXPECT_TRUE(resumed.other_config);
  EXPECT_EQ(text_of(folder / "run/config.yaml"), "seed: 1\n");
}

TEST(RunDirectory, RefusesAnotherCommandAlsoWhenResumed) {
  const ScratchFolder folder;
  {
    const RunDirectory run = open_run_directory(folder / "run", "train", "seed: 1\n", false);
    write_run_file(run.paths, RunRecord{.command = "train"});
  }
  std::string message;
  for (const bool resume : {false, true})
    EXPECT_EQ(
        error_key([&] { (void)open_run_directory(folder / "run", "eval", "seed: 2\n", resume); }, &message),
        "out.exists");
  EXPECT_NE(message.find("holds a run of `lethe train`, whose records `lethe eval` would erase"),
            std::string::npos)
      << message;
  EXPECT_EQ(text_of(folder / "run/config.yaml"), "seed: 1\n");
  EXPECT_TRUE(open_run_directory(folder / "run", "train", "seed: 1\n", false).continues);
}

// Its first command was killed before it had recorded anything.
TEST(RunDirectory, GoesOnWithAnyCommandWhereNoneIsRecorded) {
  const ScratchFolder folder;
  (void)open_run_directory(folder / "run", "train", "seed: 1\n", false);
  EXPECT_TRUE(open_run_directory(folder / "run", "eval", "seed: 1\n", false).continues);
}

TEST(RunDirectory, RefusesAFolderOfOtherFilesAndLeavesItAsItWas) {
  const ScratchFolder folder;
  write_text(folder / "thesis.tex", "chapter one");
  EXPECT_EQ(error_key([&] { (void)open_run_directory(folder.path(), "train", "seed: 1\n", true); }),
            "out.exists");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
}

TEST(RunLock, NamesItsHolderAndGoesWithIt) {
  const ScratchFolder folder;
  std::string message;
  {
    const RunDirectory run = open_run_directory(folder / "run", "train", "seed: 1\n", false);
    EXPECT_EQ(
        error_key([&] { (void)open_run_directory(folder / "run", "train", "seed: 1\n", false); }, &message),
        "out.locked");
    EXPECT_NE(message.find(fmt::format("pid {} on ", ::getpid())), std::string::npos) << message;
  }
  EXPECT_EQ(error_key([&] { (void)open_run_directory(folder / "run", "train", "seed: 1\n", false); }),
            "none");
}

TEST(RunLock, IsFreeAgainWhenItsHolderIsKilled) {
  const ScratchFolder folder;
  const pid_t child = ::fork();
  if (child == 0) {
    const RunDirectory run = open_run_directory(folder / "run", "train", "seed: 1\n", false);
    ::kill(::getpid(), SIGKILL);
  }
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(error_key([&] { (void)open_run_directory(folder / "run", "train", "seed: 1\n", false); }),
            "none");
}

TEST(RunFile, HoldsTheRunRecord) {
  const ScratchFolder folder;
  write_run_file({folder.path()}, RunRecord{.command = "train", .seed = 7});
  const Json json = Json::parse(text_of(folder / "run.json"));
  EXPECT_EQ(json["command"], "train");
  EXPECT_EQ(json["seed"], 7);
}

}  // namespace
}  // namespace lethe::records
