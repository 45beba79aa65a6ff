// The commands that look and do not touch, as a user starts them: plan, inspect and doctor.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

namespace lethe {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Json = nlohmann::json;

struct Result {
  int exit_code = 0;
  std::string output;
};

class Tools : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = fs::path(::testing::TempDir()) / ("tools_" + std::to_string(::getpid()));
    fs::create_directories(folder_);
  }
  static void TearDownTestSuite() { fs::remove_all(folder_); }

  static Result run(const std::string& command) {
    const std::string log = (folder_ / "log").string();
    const std::string line = std::string("cd '") + LETHE_SOURCE_DIR + "' && OMP_NUM_THREADS=1 " + command +
                             " > '" + log + "' 2>&1";
    const int status = std::system(line.c_str());
    std::ifstream file(log);
    std::stringstream text;
    text << file.rdbuf();
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text.str()};
  }
  static Result lethe(const std::string& arguments) {
    return run(std::string("'") + LETHE_PROGRAM + "' " + arguments);
  }
  // Bytes by category of a plan, and the work of an update.
  static Json planned(const std::string& arguments) {
    const Result result = lethe("plan configs/smoke/zero3.yaml --json " + arguments);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return Json::parse(result.output);
  }
  static inline fs::path folder_;
};

TEST_F(Tools, ScaleTimesEveryWorldOnceAndPredictsTheNext) {
  const std::string arguments =
      "scale configs/smoke/train.yaml --ranks 1,2 --updates 3 --out '" + (folder_ / "scale").string() + "'";
  const Result first = lethe(arguments);
  ASSERT_EQ(first.exit_code, 0) << first.output;
  EXPECT_THAT(first.output,
              AllOf(HasSubstr("strong scaling"), HasSubstr("weak scaling"), HasSubstr("predicted")));
  ASSERT_EQ(lethe(arguments).exit_code, 0) << "goes on where all is done";
  std::ifstream file(folder_ / "scale/scale.json");
  const Json studies = Json::parse(file);
  ASSERT_EQ(studies.size(), 2u);
  for (const Json& study : studies) {
    ASSERT_EQ(study["worlds"].size(), 2u);
    EXPECT_EQ(study["predicted"][0]["ranks"], 4);
    for (const Json& world : study["worlds"]) EXPECT_GT(world["tokens_per_second"].get<double>(), 0);
  }
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_ / "scale/runs"), {}), 3)
      << "one rank is timed once for both";
  EXPECT_TRUE(fs::exists(folder_ / "scale/scale.html"));
  const std::string held = "flock '" + (folder_ / "scale/lock").string() + "' ";
  const auto written = fs::last_write_time(folder_ / "scale/scale.yaml");
  const Result second = run(held + "'" + LETHE_PROGRAM + "' " + arguments + " --set train.forget_batch=2");
  EXPECT_EQ(second.exit_code, 73) << second.output;
  EXPECT_EQ(fs::last_write_time(folder_ / "scale/scale.yaml"), written) << "a driver is at work on it";
  for (const char* ranks : {"2,1", "4294967297", "1,"})
    EXPECT_EQ(lethe(std::string("scale configs/smoke/train.yaml --check --ranks ") + ranks).exit_code, 64)
        << ranks;
}

// Samplers, evaluations and kept checkpoints of a training are no part of a study, and its batches are as
// large as it says: here, more samples than the sets have.
TEST_F(Tools, ScaleTakesTheConfigurationOfATraining) {
  const fs::path out = folder_ / "scale-of-a-training";
  const Result result = lethe(
      "scale configs/smoke/train.yaml --weak --ranks 1 --updates 2 --set sampler=mrd --set sampler.power=2 "
      "--set eval.every=1 --set checkpoint.keep_best=retain.probability --set train.forget_batch=50 --set "
      "train.retain_batch=60 --out '" +
      out.string() + "'");
  ASSERT_EQ(result.exit_code, 0) << result.output;
  int updates = 0;
  for (const auto& run : fs::directory_iterator(out / "runs")) {
    std::ifstream file(run.path() / "records.jsonl");
    for (std::string line; std::getline(file, line);) {
      const Json record = Json::parse(line);
      if (record["kind"] != "step") continue;
      ++updates;
      EXPECT_EQ(record["forget_ids"].size(), 50u);
      EXPECT_EQ(record["retain_ids"].size(), 60u);
    }
  }
  EXPECT_EQ(updates, 2);
}

// An update's arithmetic, its bytes and a rank's memory are those of the samples that training will read.
TEST_F(Tools, PlanReadsWhatTrainingReads) {
  const auto plan = [](const std::string& settings) {
    return planned("--flops 1e12 --bandwidth 1e9 --ranks 2 " + settings);
  };
  const auto flops = [&](const std::string& settings) {
    return plan(settings)["update"]["flops"].get<double>();
  };
  const std::string finetune = "--set objective=finetune --set train.retain_batch=4 ";
  EXPECT_DOUBLE_EQ(flops(finetune + "--set data.exclude=forget --set train.forget_batch=4"),
                   flops(finetune + "--set train.forget_batch=0"));
  const std::string ascent = "--set objective=grad_ascent --set train.micro_batch=2 ";
  EXPECT_EQ(plan(ascent + "--set train.retain_batch=64"), plan(ascent + "--set train.retain_batch=0"));
  const std::string select = ascent + "--set train.forget_batch=4 --set data.forget.select={by:\\ length,";
  EXPECT_LT(flops(select + "stratum:\\ easy,count:\\ 4}"), flops(select + "stratum:\\ hard,count:\\ 4}"));
  EXPECT_LT(flops("--set 'train.trainable=[\"*layers.1.mlp*\"]'"),
            flops("--set 'train.trainable=[\"*layers.1*\"]'"));
}

TEST_F(Tools, PlanShowsThatFourRanksHoldAQuarterOfTheStates) {
  const Json one = planned("--ranks 1"), four = planned("--ranks 4");
  EXPECT_EQ(one["shard"], 1);
  EXPECT_EQ(four["shard"], 4);
  for (const char* states : {"weights", "moments"}) {
    const double share = four["bytes"][states].get<double>() / one["bytes"][states].get<double>();
    EXPECT_NEAR(share, 0.25, 0.02) << states;
  }
  EXPECT_GT(four["bytes"]["gathered"], 0);
  EXPECT_GT(one["bytes"]["cache"], 0) << "npo compares with a reference";
}

TEST_F(Tools, PlanShardsOverTheRanksOfANode) {
  const Json two_nodes = planned("--ranks 4 --ranks-per-node 2");
  EXPECT_EQ(two_nodes["ranks_per_node"], 2);
  EXPECT_EQ(two_nodes["shard"], 2);
  EXPECT_EQ(planned("--ranks 4 --ranks-per-node 2 --set parallel.shard=world")["shard"], 4);
  EXPECT_EQ(two_nodes["bytes"]["weights"], planned("--ranks 2")["bytes"]["weights"]);
  const std::string plan = "plan configs/smoke/zero3.yaml --ranks 4 --flops 1e12 --bandwidth 1e9 ",
                    assumed = "all 4 ranks taken to be on one node";
  EXPECT_THAT(lethe(plan).output, HasSubstr(assumed));
  EXPECT_THAT(lethe(plan + "--ranks-per-node 4").output, Not(HasSubstr(assumed)));
  EXPECT_THAT(lethe(plan + "--set parallel.shard=2").output, Not(HasSubstr(assumed)));
}

TEST_F(Tools, PlanSaysHowLongAnUpdateTakesAtLeast) {
  const std::string machine = "--flops 1e9 --bandwidth 1e6 ";
  const Json one = planned(machine + "--ranks 1")["update"], four = planned(machine + "--ranks 4")["update"];
  EXPECT_DOUBLE_EQ(one["flops"].get<double>(), 4 * four["flops"].get<double>());
  EXPECT_DOUBLE_EQ(one["compute_seconds"].get<double>(), one["flops"].get<double>() / 1e9);
  EXPECT_EQ(one["gathered_bytes"], 0);
  EXPECT_GT(four["gathered_bytes"], four["reduced_bytes"]) << "zero 3 gathers twice and reduces once";
  EXPECT_EQ(four["bound_by"], "communication");
  const Json grid = planned(machine + "--ranks 4");
  EXPECT_LT(grid["faster"]["zero"], 3) << "a tiny model fits a rank";
  const Result text = lethe("plan configs/smoke/zero3.yaml --ranks 4");
  EXPECT_THAT(text.output, AllOf(HasSubstr("time of an update: at least "), HasSubstr("measured here")));
  for (const char* wrong : {"--flops 0", "--flops fast", "--bandwidth -1", "--bandwidth 1e9x"})
    EXPECT_EQ(lethe(std::string("plan configs/smoke/zero3.yaml ") + wrong).exit_code, 64) << wrong;
}

TEST_F(Tools, PlanRefusesWhatTrainingRefuses) {
  const Result result = lethe("plan configs/smoke/train.yaml --set objective.name=rmu");
  EXPECT_EQ(result.exit_code, 78);
  EXPECT_THAT(result.output, HasSubstr("objective.layer: 7 is not a layer of this model, which has 2"));
}

TEST_F(Tools, PlanTakesABatchOfAnySize) {
  const Result result =
      lethe("plan configs/smoke/train.yaml --ranks 4 --set train.micro_batch=4611686018427387904");
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST_F(Tools, PlanCountsTheWindowsOfARunningText) {
  const auto flops = [](const std::string& window) {
    return planned(
               "--ranks 1 --flops 1e9 --bandwidth 1e6 --set data.forget.format=text --set "
               "data.forget.text_key=answer --set data.forget.window=" +
               window)["update"]["flops"]
        .get<double>();
  };
  EXPECT_LT(flops("8"), flops("64"));
}

TEST_F(Tools, PlanNamesTheSettingThatWouldHelp) {
  const Result result = lethe("plan configs/smoke/train.yaml --ranks 4 --memory 2M");
  EXPECT_EQ(result.exit_code, 79) << result.output;
  EXPECT_THAT(result.output, AllOf(HasSubstr("error[oom.predicted]: needs "), HasSubstr("2.0 MiB free"),
                                   HasSubstr("; try ")));
  EXPECT_EQ(lethe("plan configs/smoke/train.yaml --memory 64Kibble").exit_code, 64);
  EXPECT_EQ(lethe("plan configs/smoke/train.yaml --ranks 0").exit_code, 64);
}

// "a.b: x and c.d: y" and "8 ranks with a.b: x" of a message as arguments of the command.
std::string arguments_of(std::string settings) {
  std::string arguments, ranks = "4", part;
  for (const char* const word : {" and ", " with "})
    for (std::size_t at = 0; (at = settings.find(word, at)) != std::string::npos;)
      settings.replace(at, std::string(word).size(), "\n");
  for (std::istringstream lines(settings); std::getline(lines, part);) {
    const std::size_t colon = part.find(": ");
    if (colon == std::string::npos)
      ranks = part.substr(0, part.find(' '));
    else
      arguments += " --set " + part.replace(colon, 2, "=");
  }
  return arguments + " --ranks " + ranks;
}

TEST_F(Tools, TheSettingThatAPlanNamesMakesItFit) {
  // Without a frozen model, whose pass over the forget set no setting makes smaller.
  const std::string run = " --set objective=grad_diff --set parallel.zero=0 --set train.micro_batch=4";
  const auto total = planned("--ranks 4" + run)["total"];
  const std::string plan = "plan configs/smoke/zero3.yaml" + run;
  std::set<std::string> named;
  for (const double share : {0.9, 0.6, 0.45, 0.35, 0.3}) {
    const std::string memory =
        " --memory " + std::to_string(static_cast<long>(total.get<double>() * share)) + "B";
    const Result refused = lethe(plan + " --ranks 4" + memory);
    ASSERT_EQ(refused.exit_code, 79) << refused.output;
    const std::size_t from = refused.output.find("; try ") + 6, to = refused.output.find(" (−", from);
    ASSERT_NE(to, std::string::npos) << refused.output;
    const std::string settings = refused.output.substr(from, to - from);
    named.insert(settings);
    const Result fits = lethe(plan + arguments_of(settings) + memory);
    EXPECT_EQ(fits.exit_code, 0) << settings << "\n" << fits.output;
  }
  EXPECT_GT(named.size(), 2u);
}

TEST_F(Tools, InspectReadsRunsCheckpointsAndModels) {
  const std::string out = (folder_ / "run").string();
  const Result made =
      lethe("train configs/smoke/train.yaml --set train.max_steps=2 --set eval.generate=false --out " + out);
  ASSERT_EQ(made.exit_code, 0) << made.output;
  const Result run_folder = lethe("inspect --json " + out);
  ASSERT_EQ(run_folder.exit_code, 0) << run_folder.output;
  const Json facts = Json::parse(run_folder.output)["facts"];
  EXPECT_EQ(facts["objective"], "npo");
  EXPECT_EQ(facts["updates recorded"], "2");
  EXPECT_EQ(facts["checkpoints"], "step-2");
  const Json checkpoint = Json::parse(lethe("inspect --json " + out + "/checkpoints/step-2").output);
  EXPECT_EQ(checkpoint["kind"], "checkpoint");
  EXPECT_EQ(checkpoint["facts"]["step"], "2");
  EXPECT_EQ(checkpoint["facts"]["objective"], "npo");
  EXPECT_EQ(checkpoint["facts"]["model"], facts["hash of model"]);
  const Result model = lethe("inspect " + out + "/model");
  EXPECT_THAT(model.output, AllOf(HasSubstr("a model"), HasSubstr("LlamaForCausalLM"), HasSubstr("F32 (")));
}

TEST_F(Tools, InspectRefusesAFolderOfSomethingElse) {
  const Result result = lethe("inspect configs");
  EXPECT_EQ(result.exit_code, 66);
  EXPECT_THAT(result.output, HasSubstr("error[run.missing]: configs holds no model, checkpoint or run"));
  for (const char* foreign : {R"({"identity": {"name": "an app"}})", R"({"shards": [1]})"}) {
    std::ofstream(folder_ / "manifest.json") << foreign;
    const Result other = lethe("inspect " + folder_.string());
    EXPECT_EQ(other.exit_code, 66) << other.output;
    EXPECT_THAT(other.output, HasSubstr("manifest.json is of something else"));
  }
}

// Each of two would do all of it and stop the other.
TEST_F(Tools, CommandsOfOneProcessAreNotStartedOnRanks) {
  const std::string program = std::string("'") + LETHE_PROGRAM + "' ";
  for (const char* command :
       {"plan configs/smoke/train.yaml", "campaign configs/campaign/smoke.yaml --check"}) {
    const Result two = run("launchers/mpi -n 2 " + program + command);
    EXPECT_EQ(two.exit_code, 64) << two.output;
    EXPECT_THAT(two.output, HasSubstr("runs in one process, found 2 of them"));
    EXPECT_EQ(two.output.find("error[cli.ranks]"), two.output.rfind("error[cli.ranks]")) << "said by one";
    EXPECT_EQ(run("launchers/mpi -n 1 " + program + command).exit_code, 0);
  }
}

TEST_F(Tools, DoctorExaminesEveryRankOnce) {
  const std::string program =
      std::string("'") + LETHE_PROGRAM + "' doctor --out '" + folder_.string() + "/new/and/more'";
  const Result two = run("launchers/mpi -n 2 " + program);
  EXPECT_EQ(two.exit_code, 0) << two.output;
  EXPECT_THAT(two.output, AllOf(HasSubstr("2 by mpirun"), HasSubstr("2 ranks agree"), HasSubstr("fsync")));
  EXPECT_EQ(two.output.find("all_reduce"), two.output.rfind("all_reduce")) << "said by one rank";
  EXPECT_FALSE(fs::exists(folder_ / "new"));
  const Result bad = lethe("doctor --out " + folder_.string() + "/log/in_a_file");
  EXPECT_EQ(bad.exit_code, 69) << bad.output;
  EXPECT_THAT(bad.output, AllOf(HasSubstr("BAD   disk"), HasSubstr("mend: ")));
}

}  // namespace
}  // namespace lethe
