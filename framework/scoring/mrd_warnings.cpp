// What a result says when it should not be trusted as it is, and what to change.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>

#include "framework/scoring/calibration.h"
#include "framework/scoring/mrd.h"

namespace lethe::scoring {
namespace {

void warn_of_step(std::vector<std::string>& out, const MrdResult& r, const ChangeBand& band,
                  Precision precision, bool sees, bool by_hand) {
  const char* advice = by_hand ? "leave score.sigma_eff out to have it calibrated"
                               : "score in float32, or set score.sigma_eff";
  if (!std::isfinite(r.c)) {
    out.push_back(fmt::format("score.bias: at sigma_eff {:.3g} nothing is finite; {}", r.sigma_eff, advice));
  } else if (!sees) {
    out.push_back(fmt::format(
        "score.unresolved: at sigma_eff {:.3g} a token's log-probability changes by {:.2g}, below the "
        "round-off of {} (about {:.0e}): no sample is resolved, and all count the same; {}",
        r.sigma_eff, r.c, name_of(precision), band.round_off, advice));
  } else if (r.c > band.high) {
    const std::string expected =
        r.c < 1 ? fmt::format("about {:.0f} % too large", 70 * r.c) : "that say nothing";
    out.push_back(fmt::format(
        "score.bias: a token's log-probability changes by c = {:.2g} at sigma_eff {:.3g}, above {:.2g}: "
        "expect scores {}; {}",
        r.c, r.sigma_eff, band.high, expected, advice));
  } else if (r.c < band.clean()) {
    out.push_back(fmt::format(
        "score.small_step: a token's log-probability changes by c = {:.2g} at sigma_eff {:.3g}, below "
        "{:.2g}: round-off of {} may show; {}",
        r.c, r.sigma_eff, band.clean(), name_of(precision), advice));
  }
}

void warn_of_samples(std::vector<std::string>& out, const MrdResult& r, bool sees) {
  const std::size_t all = r.samples.size();
  if (sees && r.unresolved > 0) {
    out.push_back(fmt::format(
        "score.unresolved: {} of {} samples lie within three standard errors of zero; their weights are "
        "debiased; raise score.stop.min_draws for more draws",
        r.unresolved, all));
  }
  if (r.non_finite > 0)
    out.push_back(fmt::format("score.nonfinite: {} of {} scores are no number", r.non_finite, all));
  if (r.dropped_tokens > 0) {
    out.push_back(
        fmt::format("score.dropped: {} tokens are certain beyond this precision (P = 0) and are left out",
                    r.dropped_tokens));
  }
}

// Whatever the draws did not reach, in one warning.
void warn_of_targets(std::vector<std::string>& out, const MrdResult& r, const StopOptions& stop) {
  std::vector<std::string> missed;
  if (r.total_variation > stop.weights)
    missed.push_back(fmt::format("an expected error of the weights of {:.2g}, above {:.2g}",
                                 r.total_variation, stop.weights));
  if (ranking_missed(r.reliability, stop))
    missed.push_back(fmt::format("a ranking reliable to {:.2g}, below {:.2g}", r.reliability, *stop.ranking));
  if (missed.empty()) return;
  const char* advice = ranking_missed(r.reliability, stop) ? ", or lower score.stop.ranking" : "";
  out.push_back(fmt::format("score.stop: {} draws leave {}; raise score.stop.max_draws{}", r.draws,
                            fmt::join(missed, " and "), advice));
}

void warn_of_draws(std::vector<std::string>& out, const MrdResult& r, const StopOptions& stop, bool plain) {
  if (r.draws >= stop.max_draws) warn_of_targets(out, r, stop);
  if (!plain) return;
  // R is of draws at sigma, and noise of first order sinks beside what is sought as the step grows.
  const double error =
      r.plain_relative_error * r.sigma / r.sigma_eff / std::sqrt(static_cast<double>(r.draws));
  if (2 * r.unresolved > static_cast<std::int64_t>(r.samples.size())) {
    out.push_back(
        "score.plain: most of these scores are not told apart from zero, so they are noise; use estimator: "
        "antithetic, which also says how far off a plain draw is");
  } else if (error > 0.3) {
    out.push_back(fmt::format(
        "score.plain: the relative error of these scores is about {:.2g}; use estimator: antithetic", error));
  }
}

}  // namespace

bool MrdRun::sees_step(double c) const {
  const bool stepless = estimator_->step_size() == StepSize::none;
  return stepless || c >= band_of(functional_.model().precision()).round_off;
}

std::vector<std::string> MrdRun::warnings_of(const MrdResult& result) const {
  std::vector<std::string> out;
  const Precision precision = functional_.model().precision();
  if (!state_.calibrated) {
    out.push_back(fmt::format(
        "score.calibration: found no sigma_eff at which the change is quadratic and above round-off; "
        "using {:.3g}",
        result.sigma_eff));
  }
  const bool sees = sees_step(result.c), calibrated = estimator_->step_size() == StepSize::calibrated;
  if (calibrated || !sees) {
    warn_of_step(out, result, band_of(precision), precision, sees, options_.sigma_eff.has_value());
  }
  warn_of_samples(out, result, sees);
  warn_of_draws(out, result, options_.stop, estimator_->step_size() == StepSize::sigma);
  return out;
}

}  // namespace lethe::scoring
