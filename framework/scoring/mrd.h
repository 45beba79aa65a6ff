// Memory Removal Difficulty (arXiv 2504.06658) as a measurement: a score of each sample of the forget set,
// how sure it is, and what it cost.
//
//   MRD(x) = | E_d sum_t (P_t(W) - P_t(W + d)) / P_t(W) |,   d ~ N(0, sigma^2 I);   to second order sigma^2/2
//   |Tr H|
//
// so sigma is a unit, and the step at which it is measured (sigma_eff) is chosen for the arithmetic at hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "framework/config/section.h"
#include "framework/scoring/error_bars.h"
#include "framework/scoring/estimator.h"
#include "framework/scoring/score_state.h"

namespace lethe::scoring {

// Scores are multiples of sigma^2, which must neither vanish nor overflow.
inline constexpr double kSmallestSigma = 1e-100, kLargestSigma = 1e100;

struct MrdOptions {
  double sigma = 1e-5;              // the unit of the scores
  std::optional<double> sigma_eff;  // calibrated where absent
  std::string estimator = "auto";
  config::Section estimator_options;
  std::string estimator_identity = "auto";  // with what changes its quantity: "mean_abs eps 1e-06"
  Mode mode = Mode::sum;
  Distribution distribution = Distribution::rademacher;
  std::string scope = "all";
  std::uint64_t seed = 0;
  StopOptions stop;
};
// The `score:` section.
[[nodiscard]] MrdOptions read_mrd(config::Section section);

struct ScoredSample {
  double score = 0;           // at sigma
  double standard_error = 0;  // at sigma
  double weight = 0;  // the score, debiased where it is not resolved; 0 where the path cannot hold sigma_eff
  bool resolved = false;  // at least three standard errors from zero, by a path that can hold sigma_eff
  std::int64_t tokens = 0, dropped_tokens = 0;
  double loss = 0;  // mean negative log-likelihood of a scored token, nats
};

struct MrdResult {
  std::vector<ScoredSample> samples;  // in sample order
  std::string estimator;              // the one that `auto` took, with its options
  double sigma = 0, sigma_eff = 0;    // sigma_eff is 0 for an estimator without a step
  std::int64_t draws = 0;
  std::int64_t passes = 0;  // over all samples, the base pass of each command that made draws included
  std::int64_t calibration_passes = 0;  // over at most 16 samples
  double seconds = 0;                   // of all commands that made draws
  double c = 0;  // median relative change of a token's log-probability at sigma_eff; 0 without a step
  double total_variation = 0;  // expected error of the sampling weights
  double reliability = 0;      // of the ranking, split-half; NaN where it cannot be said
  double plain_relative_error =
      0;  // R: of one plain draw at sigma (median over resolved samples); NaN where fewer than half are

  double effective_samples = 0;  // of weights proportional to the score
  std::int64_t unresolved = 0, non_finite = 0, dropped_tokens = 0;
  std::vector<std::string> warnings;  // "score.unresolved: …": what to change
};

// One scoring, draw by draw, so that a caller can save between draws. `model` outlives it.
class MrdRun {
 public:
  // `identity` names model and data (a hash) for resuming; `previous_step` is sigma_eff of the scoring
  // before: the first draws are made with it, and stay where they say that it still fits. Errors:
  // config.range.
  MrdRun(ScoredModel& model, MrdOptions options, std::uint32_t refresh, std::string identity = "",
         double previous_step = 0);

  // Was the state made of the same model, set, refresh and options?
  bool continues(const ScoreState& state) const { return state.identity == state_.identity; }
  // Goes on from a saved state. Errors: ckpt.mismatch where it was made of something else.
  void resume(ScoreState state);

  bool done() const;
  void advance();  // the next draws: as many as the model likes to be given together
  const ScoreState& state() const noexcept { return state_; }
  MrdResult result() const;  // of the draws so far, at least two

 private:
  void choose_step();
  void judge_previous_step();
  std::int64_t passes() const { return passes_before_ + functional_.full_passes(); }
  double seconds() const;
  bool sees_step(double c) const;  // is a token's change at the step above the round-off of the path?
  std::vector<std::string> warnings_of(const MrdResult& result) const;

  std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
  std::int64_t passes_before_ = 0;  // of commands that this one goes on from
  double seconds_before_ = 0;
  MrdOptions options_;
  std::unique_ptr<Estimator> estimator_;
  Functional functional_;
  ScoreState state_;
  double previous_step_;
  bool on_trial_ = false;  // the draws so far do not say whether the previous step fits
};

// All draws until options.stop is met.
[[nodiscard]] MrdResult score(ScoredModel& model, const MrdOptions& options, std::uint32_t refresh);

}  // namespace lethe::scoring
