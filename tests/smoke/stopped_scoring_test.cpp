// Scorings that are told to stop, scorings that say nothing, batches larger than the set.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/smoke/smoke.h"

namespace lethe::smoke {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::SizeIs;

class Scorings : public Smoke {
 protected:
  template <class R>
  std::vector<R> of(const std::string& name) const {
    const records::RunPaths paths{out(name)};
    auto found = records::records_of<R>(records::read_records(paths.records()).entries);
    for (R& record : records::records_of<R>(records::read_records(paths.scores()).entries))
      found.push_back(std::move(record));
    return found;
  }
  std::vector<double> scores(const std::string& name) const {
    std::vector<double> values;
    for (const auto& score : of<records::ScoreRecord>(name)) values.push_back(score.mrd);
    return values;
  }
  std::vector<std::vector<std::string>> batches(const std::string& name) const {
    std::vector<std::vector<std::string>> ids;
    for (const auto& step : of<records::StepRecord>(name)) ids.push_back(step.forget_ids);
    return ids;
  }
  std::string draws(const std::string& name, int number) const {
    return (fs::path(out(name)) / "cache" / fmt::format("scoring-{}.txt", number)).string();
  }
  // When the draws of scoring `number` appear on the disk.
  Result told_to_stop(const std::string& arguments, const std::string& name, int number) const {
    return told_to_stop_when("[ -e " + draws(name, number) + " ]", arguments);
  }
};

TEST_F(Scorings, ToldToStopKeepTheirDrawsAndGoOn) {
  const std::string command =
      "score configs/smoke/score.yaml --set score.sigma_eff=1e-3 --set score.stop.min_draws=40 --set "
      "score.stop.max_draws=40 --out ";
  ASSERT_EQ(lethe(1, command + out("whole")).exit_code, 0);
  const Result stopped = told_to_stop(command + out("cut"), "cut", 0);
  EXPECT_EQ(stopped.exit_code, 75) << stopped.output;
  EXPECT_THAT(stopped.output, AllOf(HasSubstr("draws of a scoring, saved; run the same command to go on"),
                                    Not(HasSubstr("error["))));
  const Result resumed = lethe(1, command + out("cut"));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("goes on after"));
  EXPECT_THAT(scores("whole"), SizeIs(40));
  EXPECT_EQ(scores("cut"), scores("whole"));
}

// At a characteristic, and at the draws of the second scoring.
TEST_F(Scorings, ToldToStopInTheAnalysisKeepTheirDraws) {
  const std::string command =
      "score configs/smoke/score.yaml --analyse --set score.sigma_eff=1e-3 --set score.stop.min_draws=60 "
      "--set score.stop.max_draws=60 --out ";
  for (const char* at : {"gradient_norm", "norms_only"}) {
    const Result stopped =
        told_to_stop_when(fmt::format("grep -q \"analyse: {}\" {}", at, out("log")), command + out(at));
    EXPECT_EQ(stopped.exit_code, 75) << stopped.output;
    EXPECT_THAT(stopped.output,
                AllOf(HasSubstr("stopped in the analysis of a scoring, whose draws are saved"),
                      Not(HasSubstr("rank correlation"))));
    EXPECT_TRUE(fs::exists(draws(at, 0)));
    EXPECT_TRUE(scores(at).empty());
  }
  const Result resumed = lethe(1, command + out("norms_only"));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("goes on after 60 draws"));
  EXPECT_THAT(of<records::AnalysisRecord>("norms_only"), SizeIs(1));
}

// The cost of what was drawn before the stop is part of the scoring's; each command makes a base pass.
TEST_F(Scorings, ThatGoOnRecordWhatTheWholeScoringCost) {
  const std::string command =
      "score configs/smoke/score.yaml --set score.estimator=antithetic --set score.sigma_eff=1e-3 --set "
      "score.stop.min_draws=40 --set score.stop.max_draws=40 --out ";
  ASSERT_EQ(told_to_stop(command + out("cut"), "cut", 0).exit_code, 75);
  ASSERT_EQ(lethe(1, command + out("cut")).exit_code, 0);
  const auto scorings = of<records::ScoringRecord>("cut");
  ASSERT_THAT(scorings, SizeIs(1));
  EXPECT_EQ(scorings[0].draws, 40);
  EXPECT_EQ(scorings[0].passes, 2 + 2 * 40);
}

// A rank that hangs is noticed after timeouts.step_seconds, as in training.
TEST_F(Scorings, WaitForRanksAsLongAsTheyAreTold) {
  const std::string stopping_rank_1 =
      "launchers/mpi -n 2 sh -c '\"$0\" \"$@\" & p=$!; if [ $OMPI_COMM_WORLD_RANK = 1 ]; then until [ -e " +
      draws("hung", 0) + " ] || ! kill -0 $p; do sleep 0.02; done; kill -STOP $p; fi; wait $p'";
  const Result result =
      run(stopping_rank_1,
          "score configs/smoke/score.yaml --json --set score.sigma_eff=1e-3 --set score.stop.min_draws=1000 "
          "--set "
          "score.stop.max_draws=1000 --set 'timeouts={step_seconds: 5, checkpoint_seconds: 6, init_seconds: "
          "600}' --out " +
              out("hung"));
  EXPECT_EQ(result.exit_code, 76) << result.output;
  EXPECT_THAT(result.output, HasSubstr("error[peer.hung]: no progress for 5 s: rank 1"));
  EXPECT_THAT(result.output,
              HasSubstr(R"({"error":{"key":"peer.hung","message":"no progress for 5 s: rank 1)"));
}

TEST_F(Scorings, ToldToStopBetweenUpdatesLeaveACheckpoint) {
  const std::string command =
      "train configs/smoke/train.yaml --set sampler=mrd --set score.sigma_eff=1e-3 --set "
      "score.stop.min_draws=40 --set score.stop.max_draws=40 --set 'score.refresh={name: interval, every: "
      "3}' "
      "--set checkpoint.every=0 --set eval.before=false --set eval.after=false --out ";
  ASSERT_EQ(lethe(1, command + out("whole")).exit_code, 0);
  const Result stopped = told_to_stop(command + out("cut"), "cut", 1);
  EXPECT_EQ(stopped.exit_code, 75) << stopped.output;
  EXPECT_THAT(stopped.output, HasSubstr("stopped at step 3, state saved"));
  const Result resumed = lethe(1, command + out("cut") + " --resume");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("goes on after"));
  EXPECT_EQ(batches("cut"), batches("whole"));
  EXPECT_EQ(losses("cut"), losses("whole"));
  EXPECT_EQ(model_bytes("cut"), model_bytes("whole"));
}

// In bf16 a step of 1e-5 is below round-off: the scores are its pattern, and differ by far more than their
// spread.
TEST_F(Scorings, BelowRoundOffDrawAllSamplesEquallyOften) {
  const std::string score =
      " --set model.compute=bfloat16 --set score.estimator=antithetic --set score.sigma_eff=1e-5 --set "
      "score.stop.min_draws=8 --set score.stop.max_draws=8 --out ";
  const Result source = lethe(1, "score configs/smoke/score.yaml" + score + out("source"));
  ASSERT_EQ(source.exit_code, 0) << source.output;
  EXPECT_THAT(source.output, AllOf(HasSubstr("no sample is resolved, and all count the same"),
                                   Not(HasSubstr("within three standard errors"))));
  EXPECT_TRUE(of<records::GenerationRecord>("source").empty()) << "none is easiest, none hardest";
  const std::string train =
      "train configs/smoke/train.yaml --set sampler=mrd --set train.max_steps=1 --set eval.before=false "
      "--set "
      "eval.after=false --set export=false";
  ASSERT_EQ(lethe(1, train + score + out("measured")).exit_code, 0);
  ASSERT_EQ(lethe(1, train + " --set score.from=" + out("source") + " --out " + out("taken")).exit_code, 0);
  for (const char* name : {"measured", "taken"}) {
    const auto samplers = of<records::SamplerRecord>(name);
    ASSERT_FALSE(samplers.empty());
    for (const auto& sample : samplers[0].weights) EXPECT_EQ(sample.probability, 1.0 / 40) << name;
  }
  const Result selected = lethe(
      1,
      "eval configs/smoke/train.yaml --set 'data.forget.select={by: mrd, stratum: hard, count: 5, scores: " +
          out("source") + "}' --out " + out("selected"));
  EXPECT_EQ(selected.exit_code, 0) << selected.output;
  EXPECT_THAT(selected.output, HasSubstr("all samples have the same mrd, so they are taken in file order"));
}

// With these seeds none of the three lies three of its own standard errors from zero; the noise weighs
// nothing all the same.
TEST_F(Scorings, BelowRoundOffNoSampleIsEasiestOrHardest) {
  const std::string options =
      " --set model.compute=bfloat16 --set score.estimator=antithetic --set score.sigma_eff=1e-5 --set "
      "score.stop.min_draws=2 --set score.stop.max_draws=2 --set 'data.forget.select={by: length, stratum: "
      "hard, count: 3}'";
  for (const char* seed : {"1", "3", "5"}) {
    const std::string own = options + " --set score.seed=" + seed + " --out ", source = out("source") + seed,
                      taken = out("taken") + seed;
    const Result scored = lethe(1, "score configs/smoke/score.yaml" + own + source);
    ASSERT_EQ(scored.exit_code, 0) << scored.output;
    EXPECT_THAT(scored.output,
                AllOf(HasSubstr("none is easiest, none hardest"), Not(HasSubstr("easiest  "))));
    const Result trained =
        lethe(1,
              "train configs/smoke/train.yaml --set sampler=mrd --set train.max_steps=1 --set "
              "train.forget_batch=2 --set eval.before=false --set eval.after=false --set export=false "
              "--set score.from=" +
                  source + own + taken);
    ASSERT_EQ(trained.exit_code, 0) << trained.output;
    for (const auto& sample : of<records::SamplerRecord>(std::string("taken") + seed).at(0).weights)
      EXPECT_EQ(sample.probability, 1.0 / 3) << seed;
  }
}

TEST_F(Scorings, SetsSmallerThanABatchRepeatOnlyWithReplacement) {
  const std::string train =
      "train configs/smoke/train.yaml --set train.forget_batch=50 --set train.max_steps=2 --set "
      "eval.before=false "
      "--set eval.after=false --set export=false --set 'sampler={name: uniform, replacement: ";
  const Result without = lethe(1, train + "false}' --out " + out("without"));
  ASSERT_EQ(without.exit_code, 0) << without.output;
  EXPECT_THAT(without.output, HasSubstr("warning[config.batch]: train.forget_batch: 50 of a set of 40"));
  EXPECT_THAT(batches("without"), AllOf(SizeIs(2), Each(SizeIs(40))));
  const Result with = lethe(1, train + "true}' --out " + out("with"));
  ASSERT_EQ(with.exit_code, 0) << with.output;
  EXPECT_THAT(with.output, Not(HasSubstr("config.batch")));
  EXPECT_THAT(batches("with"), AllOf(SizeIs(2), Each(SizeIs(50))));
}

}  // namespace
}  // namespace lethe::smoke
