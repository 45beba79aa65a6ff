// Every objective of the registry through the program, two updates on two ranks, and the runs around them:
// the retrained model, and a second request on an unlearned model.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>

#include "framework/objectives/objective.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

class ObjectiveRuns : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / fmt::format("objectives_{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  // -> exit code; `output` gets what was said.
  int train(const std::string& launcher, const std::string& name, const std::string& more,
            std::string& output) {
    const std::string command = fmt::format(
        "cd '{}' && OMP_NUM_THREADS=1 {} '{}' train configs/smoke/train.yaml --out '{}' --set "
        "train.max_steps=2 "
        "--set checkpoint.every=0 --set eval.before=false --set eval.after=false --set export=false {} > "
        "'{}' 2>&1",
        LETHE_SOURCE_DIR, launcher, LETHE_PROGRAM, (folder_ / name).string(), more,
        (folder_ / "log").string());
    const int status = std::system(command.c_str());
    std::ifstream file(folder_ / "log");
    std::stringstream text;
    text << file.rdbuf();
    output = text.str();
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::vector<records::StepRecord> steps(const std::string& name) const {
    return records::records_of<records::StepRecord>(
        records::read_records(records::RunPaths{(folder_ / name).string()}.records()).entries);
  }
  records::RunRecord run_of(const std::string& name) const {
    const auto runs = records::records_of<records::RunRecord>(
        records::read_records(records::RunPaths{(folder_ / name).string()}.records()).entries);
    return runs.empty() ? records::RunRecord{} : runs.back();
  }
  // Metrics that have a value after the last update.
  std::map<std::string, double> values_of(const std::string& name) const {
    std::ifstream file(folder_ / name / "evals" / "after" / "TOFU_EVAL.json");
    std::map<std::string, double> values;
    const nlohmann::json results = nlohmann::json::parse(file);
    for (const auto& [metric, entry] : results.items())
      if (entry["agg_value"].is_number()) values[metric] = entry["agg_value"];
    return values;
  }
  fs::path folder_;
  std::string output_;
  const std::string refusals_ = "--set data.alternate.path=configs/quickstart/data/refusals.txt ";
};

TEST_F(ObjectiveRuns, EveryObjectiveTrainsOnTwoRanks) {
  for (const std::string& name : objectives::objective_names()) {
    const std::string layer = name == "rmu" ? " --set objective.layer=0" : "";
    ASSERT_EQ(train("launchers/mpi -n 2", name, refusals_ + "--set objective.name=" + name + layer, output_),
              0)
        << name << "\n"
        << output_;
    const auto of_run = steps(name);
    ASSERT_EQ(of_run.size(), 2u) << name;
    EXPECT_EQ(run_of(name).purpose, name == "finetune" ? "finetuning" : "unlearning");
    EXPECT_NE(run_of(name).method["formula"], "") << name;
    for (const auto& step : of_run) {
      EXPECT_TRUE(std::isfinite(step.loss)) << name;
      EXPECT_GT(step.gradient_norm, 0) << name;
    }
  }
}

TEST_F(ObjectiveRuns, CompatReadsTheFrozenModelOverPaddedBatches) {
  ASSERT_EQ(
      train("", "compat",
            "--set objective.name=undial --set objective.retain_weight=1 --set objective.retain_loss=kl "
            "--set objective.compat=openunlearning",
            output_),
      0)
      << output_;
  EXPECT_NEAR(steps("compat").front().terms.at("retain"), 0, 1e-6)
      << "the first update starts at the frozen model";
}

TEST_F(ObjectiveRuns, TheRetrainedModelNeverReadsTheForgetSet) {
  ASSERT_EQ(train("", "retrained", "--set objective.name=finetune --set data.exclude=forget", output_), 0)
      << output_;
  EXPECT_EQ(run_of("retrained").purpose, "retraining");
  for (const auto& step : steps("retrained")) {
    EXPECT_TRUE(step.forget_ids.empty());
    EXPECT_FALSE(step.retain_ids.empty());
  }
  ASSERT_EQ(train("", "kept", "--set objective.name=npo --set train.forget_batch=0", output_), 0) << output_;
  EXPECT_EQ(run_of("kept").purpose, "finetuning") << "no update drew a forget sample";
  EXPECT_NE(train("", "refused", "--set objective.name=npo --set data.exclude=forget", output_), 0);
  EXPECT_THAT(output_, HasSubstr("config.conflict"));
}

TEST_F(ObjectiveRuns, WhatAnObjectiveLacksIsRefusedByName) {
  EXPECT_NE(train("", "idk", "--set objective.name=idk", output_), 0);
  EXPECT_THAT(output_, HasSubstr("data.alternate.path"));
  EXPECT_NE(train("", "rmu", "--set objective.name=rmu", output_), 0);
  EXPECT_THAT(output_, HasSubstr("objective.layer: 7 is not a layer of this model"));
}

TEST_F(ObjectiveRuns, ALaterRequestEvaluatesTheEarlierForgetSet) {
  ASSERT_EQ(train("", "first", "", output_), 0) << output_;
  const fs::path later = folder_ / "later.jsonl";
  std::ofstream(later) << R"({"question": "Who keeps the lighthouse of Ossa?", "answer": "Nobody keeps it."})"
                       << "\n";
  ASSERT_EQ(train("", "second",
                  fmt::format("--set data.forget.path={} --set 'data.earlier=[{}]' --set eval.after=true "
                              "--set eval.generate=false",
                              later.string(), (folder_ / "first").string()),
                  output_),
            0)
      << output_;
  std::vector<std::string> sets;
  for (const auto& evaluation : records::records_of<records::EvaluationRecord>(
           records::read_records(records::RunPaths{(folder_ / "second").string()}.records()).entries))
    sets.push_back(evaluation.set);
  EXPECT_THAT(sets, ::testing::Contains("forget_first"));
}

// A model, the same model retrained without the forget set, and two requests one after the other: each is
// measured against the retrained one by the name of its run, and the second still measures what the first one
// removed.
TEST_F(ObjectiveRuns, TwoRequestsAreMeasuredAgainstTheRetrainedModelAndTheFirstOneIsNotForgotten) {
  const std::string suite =
      "--set eval.after=true --set eval.generate=false --set 'eval.sets.holdout.path=configs/quickstart/data/"
      "general.jsonl' --set 'eval.metrics=[{name: truth_ratio, as: forget_truth_ratio}, "
      "probability, "
      "mia_min_k, privleak, forget_quality, {name: rel_diff, of: forget.probability}]' ";
  ASSERT_EQ(
      train("", "retrained", "--set objective.name=finetune --set data.exclude=forget " + suite, output_), 0)
      << output_;
  const std::string against = suite + "--set eval.retain_log=" + (folder_ / "retrained").string();
  ASSERT_EQ(train("", "first", "--set export=true " + against, output_), 0) << output_;
  const fs::path later = folder_ / "later.jsonl";
  std::ofstream(later) << R"({"question": "Who keeps the lighthouse of Ossa?", "answer": "Nobody.", )"
                       << R"("perturbed_answer": ["A keeper."]})"
                       << "\n";
  const std::string first = (folder_ / "first").string();
  ASSERT_EQ(
      train("", "second",
            fmt::format("--set model.init=files --set model.path={0}/model --set data.forget.path={1} --set "
                        "'data.earlier=[{0}]' --set 'eval.metrics=[probability, {{name: probability, set: "
                        "forget_first, as: earlier}}]' --set eval.after=true --set eval.generate=false",
                        first, later.string()),
            output_),
      0)
      << output_;
  const auto retrained = values_of("retrained");
  EXPECT_NEAR(retrained.at("privleak"), -200 * (retrained.at("mia_min_k") - 0.5), 1e-6) << "against chance";
  for (const char* name : {"forget_quality", "privleak", "rel_diff_forget.probability"})
    EXPECT_TRUE(values_of("first").contains(name)) << name << " has no value";
  EXPECT_TRUE(values_of("second").contains("earlier"));
}

}  // namespace
}  // namespace lethe
