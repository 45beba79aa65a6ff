// What the records and checkpoints of a run say after a resume from an awkward moment. The moments are made
// by taking away what a killed process would not have written.
#include <gmock/gmock.h>

#include <iterator>

#include "tests/smoke/smoke.h"

namespace lethe::smoke {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Resumed : public Smoke {
 protected:
  Result train(const std::string& name, const std::string& settings) const {
    return lethe(1,
                 "train configs/smoke/train.yaml --set eval.generate=false --set eval.before=false --set "
                 "eval.max_samples=4 " +
                     settings + " --out " + out(name));
  }
  template <class R>
  std::vector<R> of(const std::string& name) const {
    return records::records_of<R>(records::read_records(paths(name).records()).entries);
  }
  std::vector<std::string> tags(const std::string& name) const {
    std::vector<std::string> found;
    for (const auto& evaluation : of<records::EvaluationRecord>(name))
      if (evaluation.set == "forget") found.push_back(evaluation.tag);
    return found;
  }
  static std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string training_best(const std::string& name) const {
    return text_of(paths(name).checkpoints() / "best.json");
  }
  records::RunPaths paths(const std::string& name) const { return {out(name)}; }
  // Takes away the records from the first line on that holds `text`.
  void cut_records_at(const std::string& name, const std::string& text) const {
    std::ifstream in(paths(name).records());
    std::string kept, line;
    while (std::getline(in, line) && line.find(text) == std::string::npos) kept += line + "\n";
    std::ofstream(paths(name).records()) << kept;
  }
};

TEST_F(Resumed, EvaluateWhereTheyWereKilledInAnEvaluation) {
  const std::string settings =
      "--set eval.every=2 --set eval.after=false --set checkpoint.keep_best=retain.probability";
  ASSERT_EQ(train("run", settings + " --set train.max_steps=4").exit_code, 0);
  cut_records_at("run", R"("tag":"step 4")");
  fs::remove(paths("run").checkpoints() / "best.json");
  const Result resumed = train("run", settings + " --resume --set train.max_steps=5");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_EQ(tags("run"), (std::vector<std::string>{"step 2", "step 4"}));
  EXPECT_TRUE(fs::exists(paths("run").checkpoints() / "best.json"));
}

// Half of the sets were on record; the journal says that the evaluation was under way.
TEST_F(Resumed, RecordAnEvaluationOnceThatWasKilledAmongItsRecords) {
  const std::string settings = "--set eval.every=2 --set eval.after=false";
  ASSERT_EQ(train("run", settings + " --set train.max_steps=2").exit_code, 0);
  std::ofstream(paths("run").journal("step 2")) << "";
  const Result resumed = train("run", settings + " --resume --set train.max_steps=3");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_EQ(tags("run"), std::vector<std::string>{"step 2"});
  EXPECT_FALSE(fs::exists(paths("run").journal("step 2")));
}

TEST_F(Resumed, SayWithWhichSettingsTheyWentOn) {
  ASSERT_EQ(train("run", "--set train.max_steps=4").exit_code, 0);
  fs::remove_all(paths("run").checkpoint(4));
  ASSERT_EQ(train("run", "--resume --set train.max_steps=4 --set train.learning_rate=2.0e-4").exit_code, 0);
  const auto runs = of<records::RunRecord>("run");
  ASSERT_EQ(runs.size(), 2U) << "one of the first start, one of the second";
  EXPECT_EQ(runs[0].resumed_from_step, -1);
  EXPECT_EQ(runs[1].resumed_from_step, 2);
  EXPECT_THAT(runs[1].config_yaml, HasSubstr("0.0002"));
  const auto steps = of<records::StepRecord>("run");
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(steps[1].learning_rate, 1e-3);
  EXPECT_EQ(steps[2].learning_rate, 2e-4);
}

TEST_F(Resumed, AFinishedRunIsOnRecordOnce) {
  const auto start = [&] { return train("run", "--set eval.before=true --set train.max_steps=2 --resume"); };
  ASSERT_EQ(start().exit_code, 0);
  ASSERT_EQ(start().exit_code, 0);
  EXPECT_EQ(tags("run"), (std::vector<std::string>{"before", "after"}));
  const auto summaries = of<records::SummaryRecord>("run");
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_TRUE(summaries[0].metrics.contains("before.forget.probability"));
}

TEST_F(Resumed, KnowWhatWasMeasuredByTheNamesThatItWasGiven) {
  const auto start = [&](const std::string& more) {
    return train("run",
                 "--set 'eval.metrics=[{name: probability, set: forget, as: fp}]' --set "
                 "eval.before=true --set eval.after=false --set export=false --set train.max_steps=" +
                     more);
  };
  ASSERT_EQ(start("2").exit_code, 0);
  ASSERT_EQ(start("3 --resume").exit_code, 0);
  const auto summaries = of<records::SummaryRecord>("run");
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_TRUE(summaries[0].metrics.contains("before.fp"));
  EXPECT_TRUE(summaries[0].metrics.contains("before.forget.probability"));
}

TEST_F(Resumed, PastTheLastStepSaySo) {
  ASSERT_EQ(train("run", "--set train.max_steps=4").exit_code, 0);
  EXPECT_THAT(train("run", "--resume --set train.max_steps=2").output, HasSubstr("train.max_steps: 2"));
}

TEST_F(Resumed, TrustNoBestThatIsNotThere) {
  const std::string settings =
      "--set eval.every=2 --set eval.after=false --set train.max_steps=6 --set "
      "checkpoint.keep_last=1 --set checkpoint.keep_best=forget.probability";
  ASSERT_EQ(train("whole", settings).exit_code, 0);
  const std::string best = training_best("whole");
  ASSERT_EQ(train("run", settings + " --set train.max_steps=2").exit_code, 0);
  std::ofstream(paths("run").checkpoints() / "best.json")
      << R"({"step": 99, "metric": "forget.probability", "value": 1.0})";
  ASSERT_EQ(train("run", settings + " --resume").exit_code, 0);
  EXPECT_EQ(training_best("run"), best);
}

TEST_F(Resumed, WithOtherRefusalsAreRefused) {
  std::ofstream(folder_ / "refusals.txt") << "I do not know.\n";
  const std::string settings =
      "--set objective=dpo --set data.alternate.path=" + (folder_ / "refusals.txt").string();
  ASSERT_EQ(train("run", settings + " --set train.max_steps=2").exit_code, 0);
  std::ofstream(folder_ / "refusals.txt") << "No idea at all.\n";
  const Result resumed = train("run", settings + " --resume");
  EXPECT_EQ(resumed.exit_code, 78) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("error[data.changed]: alternate hash"));
}

// One that is refused for its identity, and one for what the checkpoint's files hold.
TEST_F(Resumed, LeaveTheRunAsItWasWhereTheyAreRefused) {
  const std::string settings = "--set train.max_steps=2";
  ASSERT_EQ(train("run", settings).exit_code, 0);
  const std::string config = text_of(paths("run").config()), records = text_of(paths("run").records());
  ASSERT_FALSE(config.empty());
  for (const auto& [other, error] : std::map<std::string, std::string>{
           {" --set data.forget.path=configs/quickstart/data/retain.jsonl --set data.allow_overlap=true",
            "error[data.changed]: forget hash"},
           {" --set train.optimizer.moments=bfloat16", "error[ckpt.mismatch]: train.optimizer.moments"}}) {
    const Result refused = train("run", settings + other + " --resume");
    EXPECT_THAT(refused.output, HasSubstr(error));
    EXPECT_EQ(text_of(paths("run").config()), config) << other;
    EXPECT_EQ(text_of(paths("run").records()), records) << other;
  }
  EXPECT_EQ(train("run", settings).exit_code, 0) << "the run's own command";
}

// As above, where the checkpoint's own scores do not serve: those of another sampler's run are none.
TEST_F(Resumed, LeaveTheRunAsItWasWhereTheScoresThatTheyAskForAreMissing) {
  ASSERT_EQ(train("run", "--set eval.after=false --set train.max_steps=2").exit_code, 0);
  const std::string config = text_of(paths("run").config()), records = text_of(paths("run").records());
  const Result refused = train(
      "run", "--set train.max_steps=4 --set sampler=mrd --set score.from=" + out("nothing") + " --resume");
  EXPECT_EQ(refused.exit_code, 66) << refused.output;
  EXPECT_THAT(refused.output, HasSubstr("has no scores.jsonl"));
  EXPECT_EQ(text_of(paths("run").config()), config);
  EXPECT_EQ(text_of(paths("run").records()), records);
}

// A run that goes on has not ended, and its end tells the time of all its processes.
TEST_F(Resumed, EndOnceAndSayHowLongTheyTookInAll) {
  const std::string settings = "--set eval.after=false --set export=false --set train.max_steps=";
  ASSERT_EQ(train("run", settings + "4").exit_code, 0);
  ASSERT_EQ(train("run", settings + "6 --resume").exit_code, 0);
  const auto summaries = of<records::SummaryRecord>("run");
  ASSERT_EQ(summaries.size(), 1U);
  EXPECT_EQ(summaries[0].steps, 6);
  double updates = 0;
  for (const auto& step : of<records::StepRecord>("run")) updates += step.seconds;
  EXPECT_GE(summaries[0].seconds, updates);
}

TEST_F(Resumed, WithOtherSettingsDoNotStartOverWithoutACheckpoint) {
  const std::string settings = "--set checkpoint.every=0 --set train.max_steps=";
  ASSERT_EQ(train("run", settings + "2").exit_code, 0);
  const std::string model = model_bytes("run"), records = text_of(paths("run").records());
  const Result resumed = train("run", settings + "4 --resume");
  EXPECT_EQ(resumed.exit_code, 66) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("error[run.missing]: --resume: "));
  EXPECT_THAT(resumed.output, HasSubstr("holds no checkpoint to go on from"));
  EXPECT_EQ(model_bytes("run"), model);
  EXPECT_EQ(text_of(paths("run").records()), records);
  EXPECT_EQ(train("run", settings + "2 --resume").exit_code, 0) << "its own settings come to the same";
}

// A sampler that divides by the tokens would divide scores twice that are means already.
TEST_F(Resumed, WithOtherSettingsOfTheScoresScoreAgain) {
  const std::string settings =
      "--set eval.after=false --set export=false --set score.stop.min_draws=2 --set score.stop.max_draws=2 ";
  const auto resume = [&](const std::string& name, int steps, const std::string& more) {
    const Result result =
        train(name, fmt::format("{}{} --resume --set train.max_steps={}", settings, more, steps));
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return result.output;
  };
  const auto modes = [&](const std::string& name) {
    std::vector<std::string> found;
    for (const auto& entry : records::read_records(paths(name).scores()).entries)
      if (const auto* scoring = std::get_if<records::ScoringRecord>(&entry.record))
        found.push_back(scoring->mode);
    return found;
  };
  using Modes = std::vector<std::string>;
  ASSERT_EQ(
      train("run", settings + "--set sampler=mrd --set score.mode=mean --set train.max_steps=2").exit_code,
      0);
  fs::copy(out("run"), out("same"), fs::copy_options::recursive);
  fs::copy(out("run"), out("source"), fs::copy_options::recursive);
  EXPECT_THAT(resume("run", 4, "--set sampler=mrd_mean --set score.mode=sum"),
              HasSubstr("warning[score.source]: score.mode was mean and is sum: the checkpoint's scores are "
                        "not used, and the forget set is scored again"));
  EXPECT_EQ(modes("run"), (Modes{"mean", "sum"}));
  EXPECT_THAT(resume("run", 6, "--set sampler=mrd --set score.mode=sum --set score.estimator=mean_abs"),
              HasSubstr("score.estimator was auto and is mean_abs"));
  EXPECT_THAT(resume("run", 8,
                     "--set sampler=mrd --set score.mode=sum --set score.estimator.name=mean_abs --set "
                     "score.estimator.eps=100"),
              HasSubstr("score.estimator was mean_abs and is mean_abs eps 100"));
  EXPECT_THAT(resume("same", 4, "--set sampler=mrd --set score.mode=mean --set score.estimator=antithetic"),
              Not(HasSubstr("score.source")));
  EXPECT_EQ(modes("same"), Modes{"mean"}) << "an estimator of the same quantity";
  EXPECT_THAT(resume("same", 5, "--set sampler=mrd --set score.mode=mean --set score.scope=norms"),
              HasSubstr("score.scope was all and is norms"));
  EXPECT_THAT(resume("source", 3, "--set sampler=mrd --set score.mode=mean --set score.from=" + out("same")),
              HasSubstr("score.from was unset and is " + out("same") +
                        ": the checkpoint's scores are not used, and the forget set has those of"));
}

TEST_F(Resumed, HaveNoCheckpointWhoseWeightsAreNoNumbers) {
  const Result diverged = train("run", "--set checkpoint.every=1 --set train.learning_rate=1.0e+39");
  EXPECT_EQ(diverged.exit_code, 80) << diverged.output;
  EXPECT_THAT(diverged.output, HasSubstr("error[num.nonfinite]: weights are no numbers after step 1"));
  EXPECT_FALSE(fs::exists(paths("run").checkpoint(1)));
  const Result last = train("last",
                            "--set checkpoint.every=0 --set train.max_steps=1 --set "
                            "train.learning_rate=1.0e+39");
  EXPECT_EQ(last.exit_code, 80) << last.output;
  EXPECT_FALSE(fs::exists(paths("last").model()));
}

}  // namespace
}  // namespace lethe::smoke
