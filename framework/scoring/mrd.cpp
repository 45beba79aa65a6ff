#include "framework/scoring/mrd.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <span>
#include <utility>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/statistics.h"
#include "framework/scoring/calibration.h"
#include "framework/scoring/mrd_checks.h"

namespace lethe::scoring {
namespace {

void check_sigma(const char* name, double value) {
  if (value >= kSmallestSigma && value <= kLargestSigma) return;
  fail("config.range",
       fmt::format("score.{} must be a finite number between {} and {}, got {}", name, kSmallestSigma,
                   kLargestSigma, value),
       "the score is proportional to sigma^2: any positive sigma gives the same ranking");
}

MrdOptions checked(MrdOptions options) {
  check_sigma("sigma", options.sigma);
  if (options.sigma_eff) check_sigma("sigma_eff", *options.sigma_eff);
  if (options.stop.min_draws < 2 || options.stop.max_draws < options.stop.min_draws) {
    fail("config.range", fmt::format("score.stop needs 2 <= min_draws <= max_draws, got {} and {}",
                                     options.stop.min_draws, options.stop.max_draws));
  }
  return options;
}

std::string identity_of(const MrdOptions& o, std::uint32_t refresh, const std::string& given,
                        const std::string& estimator, const std::vector<SampleBase>& base) {
  base::Hasher hasher;
  hasher.add(given).add(estimator).add(o.scope);
  hasher.add(fmt::format("{:a} {:a} {} {} {} {}", o.sigma, o.sigma_eff.value_or(0), static_cast<int>(o.mode),
                         static_cast<int>(o.distribution), o.seed, refresh));
  for (const SampleBase& sample : base)
    hasher.add(fmt::format("{} {} {:a}", sample.tokens, sample.dropped, sample.log_prob_sum));
  return hasher.hex();
}

std::vector<std::vector<double>> column(const std::vector<DrawValues>& draws,
                                        std::vector<double> DrawValues::*part) {
  std::vector<std::vector<double>> rows;
  for (const DrawValues& draw : draws) rows.push_back(draw.*part);
  return rows;
}

// R: the relative error of one plain draw at sigma, from the first-order parts seen at the step. Only of
// scores that are told apart from zero: divided by its own noise, an error looks small.
double plain_relative_error(const std::vector<DrawValues>& draws, const std::vector<double>& mean,
                            const std::vector<ScoredSample>& samples, double ratio) {
  if (draws.front().first_order.empty()) return std::numeric_limits<double>::quiet_NaN();
  const auto errors = standard_errors(column(draws, &DrawValues::first_order));
  std::vector<double> relative;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    if (!samples[i].resolved) continue;
    relative.push_back(errors[i] * std::sqrt(static_cast<double>(draws.size())) / std::abs(mean[i]) * ratio);
  }
  return 2 * relative.size() < mean.size() ? std::numeric_limits<double>::quiet_NaN()
                                           : base::median_of_finite(relative);
}

double median_change(const Functional& f, const std::vector<double>& mean) {
  std::vector<double> changes;
  for (std::size_t i = 0; i < mean.size(); ++i) {
    changes.push_back(std::abs(f.per_token(mean[i], static_cast<std::int64_t>(i))));
  }
  return base::median_of_finite(changes);
}

// `noise`: within what of zero a mean may lie that is zero.
ScoredSample scored(const SampleBase& base, double mean, double error, double noise, double scale,
                    bool visible) {
  ScoredSample sample;
  sample.score = scale * std::abs(mean);
  sample.standard_error = scale * error;
  sample.weight = visible ? scale * base::debiased_magnitude(mean, noise) : 0;
  sample.resolved = visible && base::is_resolved(mean, noise);
  sample.tokens = base.tokens;
  sample.dropped_tokens = base.dropped;
  sample.loss = -base.log_prob_sum / static_cast<double>(base.tokens);
  return sample;
}

void count(MrdResult& result) {
  std::vector<double> weights;
  for (const ScoredSample& sample : result.samples) {
    const bool finite = std::isfinite(sample.score);
    result.non_finite += finite ? 0 : 1;
    result.unresolved += sample.resolved ? 0 : 1;
    result.dropped_tokens += sample.dropped_tokens;
    if (finite) weights.push_back(sample.weight);
  }
  result.effective_samples = base::effective_sample_size(weights);
}

// After how many draws the step of the scoring before is judged; the last look decides.
constexpr std::array<std::size_t, 3> kLooks = {2, 4, 8};

}  // namespace

MrdRun::MrdRun(ScoredModel& model, MrdOptions options, std::uint32_t refresh, std::string identity,
               double previous_step)
    : options_(checked(std::move(options))),
      estimator_(make_estimator(options_.estimator, options_.estimator_options,
                                {.precision = model.precision(),
                                 .stop = options_.stop,
                                 .step_given = options_.sigma_eff.has_value()})),
      functional_(model, options_.mode, {options_.seed, refresh, options_.distribution, options_.scope}),
      previous_step_(previous_step) {
  check_step(options_, *estimator_);
  if (options_.sigma_eff || estimator_->step_size() != StepSize::calibrated) previous_step_ = 0;
  state_.identity = identity_of(options_, refresh, identity, estimator_->identity(), functional_.base());
}

void MrdRun::resume(ScoreState state) {
  if (!continues(state)) {
    fail("ckpt.mismatch", "the saved draws are of another model, data set, refresh or score section",
         "delete the saved state to score from the first draw");
  }
  state_ = std::move(state);
  passes_before_ = state_.passes;
  seconds_before_ = state_.seconds;
  on_trial_ = previous_step_ > 0 && state_.step == previous_step_;
  for (const std::size_t looks : kLooks)
    if (looks <= state_.draws.size() && fit_of(functional_, std::span(state_.draws).first(looks)) == Fit::yes)
      on_trial_ = false;
}

bool MrdRun::done() const { return enough(column(state_.draws, &DrawValues::value), options_.stop); }

void MrdRun::choose_step() {
  if (estimator_->step_size() == StepSize::none) {
    state_.step = 1;
    return;
  }
  if (options_.sigma_eff || estimator_->step_size() != StepSize::calibrated) {
    state_.step = options_.sigma_eff.value_or(options_.sigma);
    return;
  }
  if (previous_step_ > 0) {
    state_.step = previous_step_;
    on_trial_ = true;
    return;
  }
  const Calibration found = calibrate(functional_, *estimator_);
  state_.step = found.step;
  state_.calibration_passes = found.passes;
  state_.calibrated = found.accepted;
}

double MrdRun::seconds() const {
  return seconds_before_ + std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

void MrdRun::advance() {
  if (state_.step == 0) choose_step();
  const auto have = static_cast<std::int64_t>(state_.draws.size());
  const std::int64_t want = std::min(functional_.model().draws_at_once(), options_.stop.max_draws - have);
  std::vector<DrawValues> draws = estimator_->draws(functional_, state_.step, have, want);
  state_.passes = passes();
  state_.seconds = seconds();
  for (DrawValues& draw : draws) {
    if (done()) return;  // the rule stops at the same draw whatever was made together
    state_.draws.push_back(std::move(draw));
    if (on_trial_) judge_previous_step();
    if (state_.draws.empty()) return;
  }
}

// It costs nothing where the step fits; else the draws are made again with a calibrated one.
void MrdRun::judge_previous_step() {
  const std::size_t count = state_.draws.size();
  if (std::ranges::find(kLooks, count) == kLooks.end()) return;
  Fit fit = fit_of(functional_, state_.draws);
  if (fit == Fit::unclear && count == kLooks.back()) fit = Fit::no;
  on_trial_ = fit == Fit::unclear;
  if (fit != Fit::no) return;
  state_.draws.clear();
  state_.step = previous_step_ = 0;
}

MrdResult MrdRun::result() const {
  LETHE_CHECK(state_.draws.size() >= 2, "a result of {} draws", state_.draws.size());
  const auto values = column(state_.draws, &DrawValues::value);
  const auto mean = means(values), error = standard_errors(values);
  MrdResult r;
  r.sigma = options_.sigma;
  const bool stepless = estimator_->step_size() == StepSize::none;
  r.estimator = estimator_->identity();
  r.sigma_eff = stepless ? 0 : state_.step;
  r.draws = static_cast<std::int64_t>(values.size());
  r.passes = passes();
  r.calibration_passes = state_.calibration_passes;
  r.seconds = seconds();
  r.c = stepless ? 0 : median_change(functional_, mean);
  r.total_variation = expected_total_variation(values);
  r.reliability = ranking_reliability(values);
  const double scale = estimator_->scale(options_.sigma, state_.step);
  const bool visible = sees_step(r.c);
  for (std::size_t i = 0; i < mean.size(); ++i) {
    const double noise = estimator_->is_signed() ? error[i] : 0;
    r.samples.push_back(scored(functional_.base()[i], mean[i], error[i], noise, scale, visible));
  }
  r.plain_relative_error = plain_relative_error(state_.draws, mean, r.samples, state_.step / options_.sigma);
  count(r);
  r.warnings = warnings_of(r);
  return r;
}

MrdResult score(ScoredModel& model, const MrdOptions& options, std::uint32_t refresh) {
  MrdRun run(model, options, refresh);
  while (!run.done()) run.advance();
  return run.result();
}

}  // namespace lethe::scoring
