#include "framework/scoring/mrd.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "tests/scoring/toy_model.h"

namespace lethe::scoring {
namespace {

std::vector<double> scores_of(const MrdResult& result) {
  std::vector<double> scores;
  for (const ScoredSample& sample : result.samples) scores.push_back(sample.score);
  return scores;
}

void expect_refused(const MrdOptions& options, const std::string& message) {
  auto toy = made_up_toy<double>();
  try {
    (void)score(toy, options, 0);
    FAIL() << "accepted: " << message;
  } catch (const Error& error) {
    EXPECT_EQ(error.key(), "config.range");
    EXPECT_EQ(error.message(), message);
  }
}

TEST(Score, CalibratesItselfAndSaysHowSureItIs) {
  auto toy = made_up_toy<float>(40);
  const MrdResult result = score(toy, {}, 0);
  EXPECT_LE(result.total_variation, 0.03);
  EXPECT_GE(result.draws, 4);
  EXPECT_GT(result.c, 0.001);
  EXPECT_LT(result.c, 0.03);
  EXPECT_GT(result.reliability, 0.5);
  EXPECT_GT(result.effective_samples, 1);
  EXPECT_LT(result.effective_samples, 40);
  for (std::int64_t i = 0; i < 40; ++i) {
    EXPECT_NEAR(result.samples[i].score, 0.5e-10 * std::abs(toy.trace(i)),
                5 * result.samples[i].standard_error + 1e-11)
        << i;
    EXPECT_EQ(result.samples[i].tokens, toy.tokens(i));
    EXPECT_GT(result.samples[i].loss, 0);
  }
}

TEST(Score, CostsOnePassAndTwoForEachPair) {
  auto toy = made_up_toy<double>();
  MrdOptions options;
  options.sigma_eff = 1e-3;
  const MrdResult result = score(toy, options, 0);
  EXPECT_EQ(result.passes, 1 + 2 * result.draws);
  EXPECT_EQ(toy.passes(), 2 * result.draws);
  EXPECT_EQ(result.calibration_passes, 0);
}

TEST(Score, SigmaWhoseSquareVanishesOrOverflowsIsRefusedByName) {
  MrdOptions options;
  options.sigma = 0;
  expect_refused(options, "score.sigma must be a finite number between 1e-100 and 1e+100, got 0");
  options.sigma = std::numeric_limits<double>::quiet_NaN();
  expect_refused(options, "score.sigma must be a finite number between 1e-100 and 1e+100, got nan");
  options.sigma = 1e-200;
  expect_refused(options, "score.sigma must be a finite number between 1e-100 and 1e+100, got 1e-200");
  options.sigma = 1e200;
  expect_refused(options, "score.sigma must be a finite number between 1e-100 and 1e+100, got 1e+200");
  options.sigma = 1e-5;
  options.sigma_eff = -1;
  expect_refused(options, "score.sigma_eff must be a finite number between 1e-100 and 1e+100, got -1");
}

TEST(Score, ImpossibleStopsAndUnknownEstimatorsAreRefused) {
  MrdOptions options;
  options.stop = {.min_draws = 1};
  expect_refused(options, "score.stop needs 2 <= min_draws <= max_draws, got 1 and 64");
  options.stop = {};
  options.estimator = "antitetic";
  expect_refused(options, "`antitetic` is not an estimator");
}

TEST(Score, OptionsOfTheEstimatorAreCheckedWhenTheyAreRead) {
  EXPECT_NO_THROW((void)read_mrd(config::parse("estimator: {name: jet, group: 4}\n", "test.yaml")));
  for (const char* yaml : {"estimator: {name: jet, gruop: 4}\n", "estimator: {name: plain, group: 4}\n",
                           "estimator: {name: jet, group: 0}\n", "estimator: jets\n", "mode: median\n"})
    EXPECT_THROW((void)read_mrd(config::parse(yaml, "test.yaml")), Error) << yaml;
}

TEST(Score, WeightsAreUntouchedAlsoWhenItIsInterrupted) {
  auto toy = made_up_toy<float>();
  const std::vector<float> before = toy.weights();
  (void)score(toy, {}, 0);
  EXPECT_EQ(toy.weights(), before);
  toy.throw_at_ = toy.passes() + 30;
  EXPECT_THROW((void)score(toy, {}, 0), std::runtime_error);
  EXPECT_EQ(toy.weights(), before);
}

TEST(Score, DoesNotDependOnHowManyDrawsAreMadeTogether) {
  MrdOptions options;
  options.stop = {.weights = 0.05};
  auto one = made_up_toy<float>(20), five = made_up_toy<float>(20);
  five.draws_at_once_ = 5;
  const MrdResult a = score(one, options, 0), b = score(five, options, 0);
  EXPECT_NE(a.draws % 5, 0) << "choose another tolerance: the rule should stop inside a batch of draws";
  EXPECT_EQ(a.draws, b.draws);
  EXPECT_EQ(scores_of(a), scores_of(b));
  EXPECT_EQ(a.total_variation, b.total_variation);
}

TEST(Score, RefreshAndSeedChangeTheNoise) {
  auto toy = made_up_toy<float>();
  MrdOptions options;
  options.sigma_eff = 1e-3;
  const auto first = scores_of(score(toy, options, 0));
  EXPECT_EQ(scores_of(score(toy, options, 0)), first);
  EXPECT_NE(scores_of(score(toy, options, 1)), first);
  options.seed = 1;
  EXPECT_NE(scores_of(score(toy, options, 0)), first);
}

TEST(Score, ModesAreSumsMeansAndAggregates) {
  auto toy = made_up_toy<double>();
  MrdOptions options;
  options.sigma_eff = 1e-4;
  const MrdResult sum = score(toy, options, 0);
  options.mode = Mode::mean;
  options.stop = {.min_draws = sum.draws, .max_draws = sum.draws};
  const MrdResult mean = score(toy, options, 0);
  options.mode = Mode::aggregate;
  const MrdResult aggregate = score(toy, options, 0);
  for (std::size_t i = 0; i < sum.samples.size(); ++i) {
    const double n = static_cast<double>(sum.samples[i].tokens);
    EXPECT_NEAR(mean.samples[i].score * n / sum.samples[i].score, 1, 1e-9);
    EXPECT_NEAR(mean.samples[i].standard_error * n / sum.samples[i].standard_error, 1, 1e-9);
    EXPECT_GT(aggregate.samples[i].score, 0);
    EXPECT_NE(aggregate.samples[i].score, mean.samples[i].score);
  }
}

// One token a sample: the three modes are the same number.
TEST(Score, ModesAgreeOnSamplesOfOneToken) {
  std::vector<ToySample> samples = made_up_samples(6, 16, 5);
  for (auto& sample : samples) sample.resize(1);
  SoftmaxToy<double> toy(5, made_up_weights<double>(80, 0.3), samples);
  MrdOptions options;
  options.sigma_eff = 1e-3;
  const auto sum = scores_of(score(toy, options, 0));
  for (const Mode mode : {Mode::mean, Mode::aggregate}) {
    options.mode = mode;
    const auto other = scores_of(score(toy, options, 0));
    for (std::size_t i = 0; i < sum.size(); ++i) EXPECT_NEAR(other[i] / sum[i], 1, 1e-12);
  }
}

TEST(Score, InterruptedAndResumedIsUninterruptedBitForBit) {
  const auto file = std::filesystem::path(testing::TempDir()) / "lethe_mrd_resume.txt";
  MrdOptions options;
  options.stop = {.min_draws = 10, .max_draws = 10};
  auto toy = made_up_toy<float>(20);
  const MrdResult whole = score(toy, options, 3);

  auto killed = made_up_toy<float>(20);
  MrdRun first(killed, options, 3);
  while (first.state().draws.size() < 4) first.advance();
  killed.throw_at_ = killed.passes() + 2;  // in the middle of a pair
  EXPECT_THROW(first.advance(), std::runtime_error);
  save(first.state(), file);

  auto fresh = made_up_toy<float>(20);
  MrdRun second(fresh, options, 3);
  second.resume(load_score_state(file));
  while (!second.done()) second.advance();
  EXPECT_EQ(fresh.passes(), 2 * 6);
  EXPECT_EQ(scores_of(second.result()), scores_of(whole));
  EXPECT_EQ(second.result().total_variation, whole.total_variation);
  EXPECT_EQ(second.result().sigma_eff, whole.sigma_eff);
  EXPECT_EQ(second.result().passes, whole.passes + 1);  // another base pass
  EXPECT_GT(second.result().seconds, first.state().seconds);
  std::filesystem::remove(file);
}

TEST(Score, AResumedScoringStillSaysThatItFoundNoStep) {
  const auto file = std::filesystem::path(testing::TempDir()) / "lethe_mrd_no_step.txt";
  LinearToy toy(3, made_up_weights<double>(3 * 16, 0.1), made_up_samples(8, 16, 3));
  MrdOptions options;
  options.estimator = "antithetic";
  options.stop = {.min_draws = 3, .max_draws = 3};
  MrdRun first(toy, options, 0);
  first.advance();
  save(first.state(), file);
  MrdRun second(toy, options, 0);
  second.resume(load_score_state(file));
  while (!second.done()) second.advance();
  EXPECT_THAT(second.result().warnings, testing::Contains(testing::StartsWith("score.calibration")));
  EXPECT_GT(second.result().calibration_passes, 0);
  std::filesystem::remove(file);
}

TEST(Score, AStateOfSomethingElseIsRefused) {
  auto toy = made_up_toy<float>();
  MrdRun first(toy, {}, 3, "model a"), other_model(toy, {}, 3, "model b"),
      other_refresh(toy, {}, 4, "model a");
  first.advance();
  for (MrdRun* run : {&other_model, &other_refresh}) {
    try {
      run->resume(first.state());
      FAIL() << "resumed";
    } catch (const Error& error) {
      EXPECT_EQ(error.key(), "ckpt.mismatch");
    }
  }
}

TEST(Score, KeepsTheStepOfTheScoringBefore) {
  auto toy = made_up_toy<float>(40);
  const MrdResult first = score(toy, {}, 0);
  MrdRun again(toy, {}, 1, "", first.sigma_eff * 1.2);
  while (!again.done()) again.advance();
  EXPECT_EQ(again.result().sigma_eff, first.sigma_eff * 1.2);
  EXPECT_EQ(again.result().calibration_passes, 0);
  EXPECT_EQ(again.result().passes, 1 + 2 * again.result().draws);  // the draws that judge it are the scores'
}

TEST(Score, DrawsAlongAStepThatFitsNoMoreAreMadeAgain) {
  auto toy = made_up_toy<float>(40);
  const MrdResult first = score(toy, {}, 1);
  MrdRun again(toy, {}, 1, "", first.sigma_eff * 10);
  while (!again.done()) again.advance();
  const MrdResult result = again.result();
  EXPECT_EQ(result.sigma_eff, first.sigma_eff);
  EXPECT_EQ(result.samples.front().score, first.samples.front().score);  // as if it had never been tried
  EXPECT_GT(result.calibration_passes, 0);
  EXPECT_EQ(result.passes, first.passes + 4);  // two pairs
}

// Its samples bend early, half of them up and half of them down: quadratic only where c is below the band.
class BentModel final : public ScoredModel {
 public:
  std::vector<SampleBase> base_pass() override {
    return std::vector<SampleBase>(16, {.tokens = 4, .dropped = 0, .log_prob_sum = -2});
  }
  std::vector<PassValues> perturbed_passes(const Noise&, std::span<const Perturbation> perturbations,
                                           std::span<const std::int64_t> samples) override {
    std::vector<PassValues> passes;
    for (const Perturbation& p : perturbations) {
      PassValues& pass = passes.emplace_back();
      const double c = 100 * p.sigma * p.sigma;
      for (std::size_t at = 0; at < (samples.empty() ? 16 : samples.size()); ++at) {
        const double i = samples.empty() ? static_cast<double>(at) : static_cast<double>(samples[at]);
        pass.ratio.push_back(4 * (1 + i / 100) * c * (1 + (static_cast<int>(i) % 2 == 0 ? 60 : -60) * c));
        pass.difference.push_back(-pass.ratio.back() / 2);
      }
    }
    return passes;
  }
  Precision precision() const override { return Precision::float32; }
};

TEST(Score, AStepBelowTheBandThatCalibrationChoseIsNeitherWarnedOfNorSoughtAgain) {
  BentModel model;
  const MrdResult first = score(model, {}, 0);
  EXPECT_LT(first.c, 0.001);
  EXPECT_GT(first.calibration_passes, 0);
  EXPECT_THAT(first.warnings, testing::IsEmpty());
  MrdRun again(model, {}, 1, "", first.sigma_eff);
  while (!again.done()) again.advance();
  EXPECT_EQ(again.result().sigma_eff, first.sigma_eff);
  EXPECT_EQ(again.result().calibration_passes, 0);
  EXPECT_THAT(again.result().warnings, testing::IsEmpty());
  MrdOptions by_hand;
  by_hand.sigma_eff = 1e-4;  // c = 1e-6
  EXPECT_THAT(score(model, by_hand, 0).warnings, testing::Contains(testing::StartsWith("score.small_step")));
}

TEST(Score, AResumedScoringStillJudgesTheStepOfTheOneBefore) {
  auto toy = made_up_toy<float>(40);
  const double too_large = 10 * score(toy, {}, 1).sigma_eff;
  MrdRun whole(toy, {}, 1, "", too_large), first(toy, {}, 1, "", too_large),
      second(toy, {}, 1, "", too_large);
  while (!whole.done()) whole.advance();
  first.advance();
  second.resume(first.state());
  while (!second.done()) second.advance();
  EXPECT_EQ(second.result().sigma_eff, whole.result().sigma_eff);
  EXPECT_EQ(second.result().total_variation, whole.result().total_variation);
}

TEST(Score, UnresolvedIsRaisedForBf16AtTheUnitSigma) {
  auto toy = made_up_toy<float>(16, 64, 8);
  toy.precision_ = Precision::bfloat16;
  toy.stored = to_bf16;
  toy.activation = to_bf16;
  MrdOptions options;
  options.sigma_eff = 1e-5;
  const MrdResult result = score(toy, options, 0);
  EXPECT_EQ(result.unresolved, 16);
  for (const ScoredSample& sample : result.samples) EXPECT_EQ(sample.weight, 0);
  EXPECT_TRUE(std::isnan(result.plain_relative_error));
  EXPECT_THAT(result.warnings, testing::Not(testing::Contains(testing::HasSubstr("three standard errors"))));
  ASSERT_FALSE(result.warnings.empty());
  EXPECT_THAT(result.warnings[0],
              testing::AllOf(testing::StartsWith("score.unresolved"), testing::HasSubstr("round-off of bf16"),
                             testing::HasSubstr("leave score.sigma_eff out")));
  options.sigma_eff.reset();  // does what the warning says
  EXPECT_LT(score(toy, options, 0).unresolved, 4);
}

TEST(Score, WarnsOfAStepThatIsTooLargeAndOfPlainNoise) {
  auto toy = made_up_toy<double>();
  MrdOptions options;
  options.sigma_eff = 0.3;
  EXPECT_THAT(score(toy, options, 0).warnings, testing::Contains(testing::StartsWith("score.bias")));
  options.sigma_eff = 1e90;
  EXPECT_THAT(score(toy, options, 0).warnings,
              testing::Contains(testing::HasSubstr("expect scores that say nothing;")));
  options.sigma_eff.reset();
  options.estimator = "plain";
  const MrdResult plain = score(toy, options, 0);
  EXPECT_THAT(plain.warnings, testing::Contains(testing::StartsWith("score.plain: most of these scores")));
  EXPECT_TRUE(std::isnan(plain.plain_relative_error)) << "an error over noise says nothing";
  EXPECT_THAT(plain.warnings, testing::Contains(testing::StartsWith("score.stop")));
  EXPECT_GT(plain.unresolved, 6);
}

// R is of a draw at sigma; these are made at sigma_eff, where the noise is small beside what is sought.
TEST(Score, WarnsOfPlainNoiseAsLargeAsItIsAtItsStep) {
  auto toy = made_up_toy<double>();
  MrdOptions options;
  options.estimator = "plain";
  options.sigma_eff = 0.3;
  options.stop = {.min_draws = 40, .max_draws = 40};
  const auto says_so = [&](double sigma) {
    options.sigma = sigma;
    const MrdResult result = score(toy, options, 0);
    EXPECT_TRUE(std::isfinite(result.plain_relative_error));
    return std::ranges::any_of(result.warnings,
                               [](const std::string& warning) { return warning.starts_with("score.plain"); });
  };
  EXPECT_FALSE(says_so(0.3));
  EXPECT_FALSE(says_so(1e-5));
}

TEST(Score, SaysWhatItsDrawsDidNotReach) {
  auto toy = made_up_toy<double>(40);
  MrdOptions options;
  options.sigma_eff = 1e-3;
  options.stop = {.weights = 0.5, .ranking = 1, .min_draws = 2, .max_draws = 4};
  EXPECT_THAT(score(toy, options, 0).warnings,
              testing::Contains(testing::AllOf(
                  testing::StartsWith("score.stop: 4 draws leave a ranking reliable to 0."),
                  testing::HasSubstr(", below 1; raise score.stop.max_draws, or lower score.stop.ranking"))));
  options.stop.weights = 1e-6;
  EXPECT_THAT(score(toy, options, 0).warnings,
              testing::Contains(testing::AllOf(
                  testing::StartsWith("score.stop: 4 draws leave an expected error of the weights of "),
                  testing::HasSubstr(" and a ranking reliable to "))));
}

TEST(Score, TokensCertainBeyondTheFormatAreDroppedAndCounted) {
  std::vector<ToySample> samples = made_up_samples(6, 16, 3);
  ToyToken certain{std::vector<double>(16, 0.0), 0};
  certain.x[0] = 400;
  samples[2].push_back(certain);
  samples[4] = {certain};
  std::vector<float> weights = made_up_weights<float>(48, 0.1);
  weights[0] = 1, weights[16] = 0, weights[32] = 0;  // class 0 wins by 400 nats
  SoftmaxToy<float> toy(3, weights, samples);
  const MrdResult result = score(toy, {}, 0);
  EXPECT_EQ(result.dropped_tokens, 2);
  EXPECT_EQ(result.samples[2].dropped_tokens, 1);
  EXPECT_EQ(result.samples[2].tokens, static_cast<std::int64_t>(samples[2].size()) - 1);
  EXPECT_TRUE(std::isfinite(result.samples[2].score));
  EXPECT_TRUE(std::isnan(result.samples[4].score));
  EXPECT_FALSE(result.samples[4].resolved);
  EXPECT_EQ(result.non_finite, 1);
  EXPECT_LE(result.total_variation, 0.03);
  EXPECT_THAT(result.warnings, testing::Contains(testing::StartsWith("score.dropped")));
}

}  // namespace
}  // namespace lethe::scoring
