// The Slurm executor with programs of this test in place of sbatch, squeue and scontrol: what is submitted,
// with which dependencies, and that nothing queued is submitted twice.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "framework/base/error.h"
#include "framework/campaign/executor.h"
#include "framework/records/run_directory.h"
#include "tests/campaign/support.h"
#include "tests/records/scratch_folder.h"

namespace lethe::campaign {
namespace {

using ::testing::HasSubstr;

struct Slurm : ::testing::Test {
  void SetUp() override {
    program("sbatch", "echo \"$@\" >> '{0}/submitted'; n=$(wc -l < '{0}/submitted'); echo $((100 + n))");
    program("squeue", "cat '{0}/queued' 2>/dev/null || true");
    path_before = std::getenv("PATH");
    ::setenv("PATH", (folder.path().string() + ":" + path_before).c_str(), 1);
    folder.write("run.yaml", "ledger: x\n");
  }
  void TearDown() override { ::setenv("PATH", path_before.c_str(), 1); }
  void program(const std::string& name, const std::string& body) const {
    folder.write(name, "#!/bin/sh\n" + fmt::format(fmt::runtime(body), folder.path().string()) + "\n");
    std::filesystem::permissions(folder.path(name), std::filesystem::perms::owner_all);
  }
  CampaignLaunch launch(const std::string& executor) const {
    return launch_of(
        folder,
        "campaign:\n  base: run.yaml\n  executor: " + executor +
            "\n  stages:\n    - {name: plant, settings: {objective: finetune}}\n"
            "    - {name: unlearn, ranks: 4, settings: {model: \"{plant}\"}}\n  axes: {rate: [1, 2, 3]}\n",
        "out");
  }
  std::string script(const std::string& prefix) const {
    for (const auto& entry : std::filesystem::directory_iterator(folder.path("out/tasks")))
      if (entry.path().extension() == ".sbatch" && entry.path().filename().string().starts_with(prefix))
        return text_of(entry.path());
    return "";
  }
  // `sbatch` keeps what it was given, as Slurm does: job-101.sh and so on.
  void keep_submitted_scripts() const {
    program("sbatch",
            "echo \"$@\" >> '{0}/submitted'; n=$(wc -l < '{0}/submitted'); for s; do :; done; "
            "cp \"$s\" '{0}/job-'$((100 + n)).sh; echo $((100 + n))");
  }
  int shell(const std::string& command) const {
    return std::system(fmt::format("cd '{}'; {}", folder.path().string(), command).c_str());
  }
  std::vector<std::string> keys() const {
    std::vector<std::string> keys;
    for (const auto& entry : std::filesystem::directory_iterator(folder.path("out/tasks")))
      if (entry.path().extension() == ".yaml") keys.push_back(entry.path().stem());
    std::ranges::sort(keys);  // plant before unlearn
    return keys;
  }
  Folder folder;
  std::string path_before;
};

TEST_F(Slurm, SubmitsAnArrayForEachLevel) {
  EXPECT_EQ(run_campaign(launch("{name: slurm, options: [--partition=gpu]}"), check_fake), 0);
  const auto submitted = lines_of(folder.path("submitted"));
  ASSERT_EQ(submitted.size(), 2u);
  EXPECT_THAT(submitted[0], ::testing::Not(HasSubstr("--dependency")));
  EXPECT_THAT(submitted[1], HasSubstr("--dependency=afterany:101_0"));
  const std::string unlearn = script("array-unlearn");
  for (const char* part :
       {"#SBATCH --array=0-2\n", "#SBATCH --requeue\n", "#SBATCH --signal=B:USR1@120\n",
        "#SBATCH --ntasks=4\n", "#SBATCH --partition=gpu\n", "--task \"$KEY\"", "scontrol requeue"})
    EXPECT_THAT(unlearn, HasSubstr(part));
}

TEST_F(Slurm, SubmitsAJobForEachTaskWithItsOwnNeeds) {
  EXPECT_EQ(run_campaign(launch("{name: slurm, submit: jobs}"), check_fake), 0);
  const auto submitted = lines_of(folder.path("submitted"));
  ASSERT_EQ(submitted.size(), 4u);
  for (std::size_t i = 1; i < 4; ++i) EXPECT_THAT(submitted[i], HasSubstr("--dependency=afterok:101"));
  for (const std::string& line : submitted) EXPECT_THAT(line, HasSubstr("--kill-on-invalid-dep=yes"));
}

TEST_F(Slurm, WhatIsQueuedIsNotSubmittedAgainAndWhatIsForgottenIs) {
  const CampaignLaunch l = launch("{name: slurm, submit: jobs}");
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  folder.write("queued", "1\n");
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(lines_of(folder.path("submitted")).size(), 4u);
  std::filesystem::remove(folder.path("queued"));
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(lines_of(folder.path("submitted")).size(), 8u);
}

// Cells are added while the model that they start from is being planted.
TEST_F(Slurm, WhatNeedsARunningTaskWaitsForItsJob) {
  EXPECT_EQ(run_campaign(launch("{name: slurm, submit: jobs}"), check_fake), 0);
  folder.write("queued", "1\n");
  const records::RunLock running(folder.path("out/tasks") / (keys().front() + ".lock"));
  CampaignLaunch more = launch("{name: slurm, submit: jobs}");
  more.overrides = {"campaign.axes.rate=[1, 2, 3, 4]"};
  EXPECT_EQ(run_campaign(more, check_fake), 0);
  const auto submitted = lines_of(folder.path("submitted"));
  ASSERT_EQ(submitted.size(), 5u);
  EXPECT_THAT(submitted.back(), HasSubstr("--dependency=afterok:101"));
  EXPECT_EQ(records::error_key([&] { (void)run_one_task(more, check_fake, keys().front()); }), "out.locked");
}

TEST_F(Slurm, ScriptsAreShell) {
  EXPECT_EQ(run_campaign(launch("{name: slurm}"), check_fake), 0);
  int scripts = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder.path("out/tasks"))) {
    if (entry.path().extension() != ".sbatch") continue;
    EXPECT_EQ(std::system(fmt::format("bash -n '{}'", entry.path().string()).c_str()), 0);
    ++scripts;
  }
  EXPECT_EQ(scripts, 2);
}

// Slurm's warning reaches the shell; the stand-in for the driver saves its state and ends with 75.
TEST_F(Slurm, AWarnedJobAsksToBeQueuedAgain) {
  CampaignLaunch l = launch("{name: slurm, submit: jobs}");
  program("driver", "trap 'exit 75' USR1; touch '{0}/begun'; while :; do sleep 0.01; done");
  program("scontrol", "echo \"$@\" >> '{0}/asked'");
  l.driver_words = {folder.path("driver").string()};
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  folder.write("job.sh", script("plant"));
  const std::string command = fmt::format(
      "cd '{}'; SLURM_JOB_ID=7 bash job.sh & JOB=$!; while [ ! -e begun ]; do sleep 0.01; done; kill -USR1 "
      "$JOB; wait $JOB; "
      "[ $? = 75 ]",
      folder.path().string());
  EXPECT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(text_of(folder.path("asked")), "requeue 7\n");
}

TEST_F(Slurm, AJobRunsItsTaskAndIsRepeatedByNoOther) {
  CampaignLaunch l = launch("{name: slurm, launcher: \"env\"}");
  folder.write("run.yaml", "ledger: " + folder.path("ledger").string() + "\n");
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  ASSERT_EQ(keys().size(), 4u);
  EXPECT_THROW((void)run_one_task(l, check_fake, keys()[1]), Error);  // needs the planted model
  for (int twice = 0; twice < 2; ++twice)
    for (const std::string& key : keys()) EXPECT_EQ(run_one_task(l, check_fake, key), 0);
  EXPECT_EQ(lines_of(folder.path("ledger")).size(), 8u);
  EXPECT_THAT(campaign_table(l, check_fake, true), HasSubstr("3,3,done,"));
}

// A job retries what the machine failed; what has failed for good is shown and not submitted again unasked.
TEST_F(Slurm, FailedTasksAreShownAndSubmittedAgainOnlyWhenTold) {
  CampaignLaunch l = launch("{name: slurm, launcher: \"env\", submit: jobs}\n  retries: 2");
  folder.write("run.yaml", "fail: 76\nledger: " + folder.path("ledger").string() + "\n");
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(lines_of(folder.path("submitted")).size(), 4u);
  std::string plant = script("plant");
  plant = plant.substr(plant.find("--task ") + 7);
  plant = plant.substr(0, plant.find(' '));
  EXPECT_EQ(run_one_task(l, check_fake, plant), 76);
  EXPECT_EQ(lines_of(folder.path("ledger")).size(), 3u);
  EXPECT_THAT(campaign_table(l, check_fake, true), HasSubstr("1,1,failed,"));
  EXPECT_EQ(run_campaign(l, check_fake), 76);
  EXPECT_EQ(lines_of(folder.path("submitted")).size(), 4u);
  EXPECT_THAT(text_of(folder.path("out/table.csv")), HasSubstr("3,3,failed,"));
  l.retry_failed = true;
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(lines_of(folder.path("submitted")).size(), 8u);
}

// The first element fails and is submitted again while the others still wait: each keeps its own task.
TEST_F(Slurm, AnArrayThatWaitsKeepsItsTasksWhenOneIsSubmittedAgain) {
  keep_submitted_scripts();
  program("driver", "echo \"$@\" >> '{0}/driven'");
  const std::string yaml =
      "campaign:\n  base: run.yaml\n  executor: {name: slurm, launcher: env}\n  axes: {fail: [80, 81, 0]}\n";
  CampaignLaunch l = launch_of(folder, yaml, "out");
  l.driver_words = {folder.path("driver").string()};
  folder.write("run.yaml", "ledger: " + folder.path("ledger").string() + "\n");
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  const Plan plan = make_plan(options_of(folder, yaml), CampaignPaths{l.out}, check_fake);
  EXPECT_EQ(run_one_task(l, check_fake, plan.tasks.at(0).key), 80);
  program("squeue", "case \"$*\" in *101_0) ;; *) echo 101 ;; esac");
  l.retry_failed = true;
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  EXPECT_EQ(lines_of(folder.path("submitted")).size(), 2u);
  for (const char* element : {"101.sh 1", "101.sh 2", "102.sh 0"}) {
    const std::string job(element, 6), index(element + 7);
    EXPECT_EQ(shell("SLURM_ARRAY_TASK_ID=" + index + " bash job-" + job), 0);
  }
  EXPECT_THAT(lines_of(folder.path("driven")),
              ::testing::ElementsAre("--task " + plan.tasks.at(1).key, "--task " + plan.tasks.at(2).key,
                                     "--task " + plan.tasks.at(0).key));
}

// A rank has the cores that its job asked for, or one, as on this machine.
TEST_F(Slurm, AJobHandsItsCoresOn) {
  program("driver", "echo $OMP_NUM_THREADS-$SRUN_CPUS_PER_TASK >> '{0}/cores'");
  CampaignLaunch l = launch("{name: slurm, submit: jobs}");
  l.driver_words = {folder.path("driver").string()};
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  folder.write("job.sh", script("plant"));
  for (const char* given : {"", "SLURM_CPUS_PER_TASK=3", "SLURM_CPUS_PER_TASK=3 OMP_NUM_THREADS=2"})
    EXPECT_EQ(shell(fmt::format("unset OMP_NUM_THREADS; {} bash job.sh", given)), 0);
  EXPECT_THAT(lines_of(folder.path("cores")), ::testing::ElementsAre("1-", "3-3", "2-3"));
}

TEST_F(Slurm, FoldersMayHaveAnyName) {
  CampaignLaunch l = launch("{name: slurm}");
  l.out = folder.path("my runs #1 of 50%").string();
  EXPECT_EQ(run_campaign(l, check_fake), 0);
  const auto array = std::filesystem::path(l.out) / "tasks";
  int scripts = 0;
  for (const auto& entry : std::filesystem::directory_iterator(array))
    if (entry.path().extension() == ".sbatch") {
      EXPECT_THAT(text_of(entry.path()), HasSubstr("#SBATCH --output=\"" + folder.path("my runs").string() +
                                                   " #1 of 50%%/tasks/array-"));
      ++scripts;
    }
  EXPECT_EQ(scripts, 2);
}

TEST_F(Slurm, RanksStandAnywhereInTheLauncher) {
  const Options options = options_of(
      folder,
      "campaign:\n  base: run.yaml\n  executor: {name: slurm, launcher: \"srun --ntasks={ranks} -N "
      "{ranks}\"}\n");
  EXPECT_THAT(make_executor("slurm", options.executor)->launcher(4),
              ::testing::ElementsAre("srun", "--ntasks=4", "-N", "4"));
}

TEST_F(Slurm, ThatTakesNoJobsIsAServiceThatIsMissing) {
  program("sbatch", "exit 1");
  try {
    (void)run_campaign(launch("{name: slurm}"), check_fake);
    FAIL() << "not refused";
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "campaign.slurm");
    EXPECT_EQ(e.exit_code(), 69);
  }
}

}  // namespace
}  // namespace lethe::campaign
