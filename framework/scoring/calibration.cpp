#include "framework/scoring/calibration.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "framework/base/statistics.h"
#include "framework/scoring/error_bars.h"

namespace lethe::scoring {
namespace {

constexpr std::int64_t kSamples = 16, kDraws = 2,
                       kMoreDraws = 8;           // more where two are lost in their own spread
constexpr std::int64_t kFirstDraw = 0x40000000;  // far from the draws that make the scores
constexpr double kStart = 1e-5, kLargest = 1;
constexpr double kRoundOff = 1e-3;  // of the target: a smaller c that also spreads is no second order at all
constexpr int kMoves = 8, kCorrections = 3;
constexpr double kUnknown =
    1e-3;  // where nothing of second order shows: the step that suits most models in float32

struct Trial {
  double c;                   // median |mean a| / n
  double error;               // median over samples of the standard error of their mean a, in the same unit
  std::vector<double> means;  // mean a / n, by sample
  std::size_t draws;
  bool visible() const { return std::isfinite(c) && c > 0 && error <= c; }
};

Trial trial_of(const Functional& f, std::span<const DrawValues> made,
               const std::vector<std::int64_t>& samples) {
  std::vector<double> means, changes, errors;
  for (std::size_t at = 0; at < samples.size(); ++at) {
    double sum = 0, squares = 0;
    for (const auto& draw : made) sum += f.per_token(draw.value[at], samples[at]);
    const double n = static_cast<double>(made.size()), mean = sum / n;
    for (const auto& draw : made) {
      const double off = f.per_token(draw.value[at], samples[at]) - mean;
      squares += off * off;
    }
    means.push_back(mean);
    changes.push_back(std::abs(mean));
    errors.push_back(std::sqrt(squares / (n - 1) / n));
  }
  return {base::median_of_finite(changes), base::median_of_finite(errors), std::move(means), made.size()};
}

// How far from the target, as the logarithm of the ratio.
double distance(const Trial& trial, double target) {
  return std::isfinite(trial.c) && trial.c > 0 ? std::abs(std::log(trial.c / target))
                                               : std::numeric_limits<double>::infinity();
}

// The samples it looks at are spread evenly over the set: a pure function of its size.
class Trials {
 public:
  Trials(const Functional& f, const Estimator& estimator) : f_(f), estimator_(estimator) {
    const std::int64_t count = std::min(kSamples, f.num_samples());
    for (std::int64_t at = 0; at < count; ++at) samples_.push_back(at * f.num_samples() / count);
  }

  // Below `noise` one look is enough: more draws would only sharpen round-off.
  Trial at(double step, double noise = 0) {
    const Trial quick = of_draws(step, kDraws);
    const bool unclear = std::isfinite(quick.c) && !quick.visible() && quick.c >= noise;
    return unclear ? of_draws(step, kMoreDraws) : quick;
  }

  std::int64_t passes() const { return passes_; }

 private:
  Trial of_draws(double step, std::int64_t count) {
    const auto made = estimator_.draws(f_, step, kFirstDraw, count, samples_);
    passes_ += 2 * count;
    return trial_of(f_, made, samples_);
  }

  const Functional& f_;
  const Estimator& estimator_;
  std::vector<std::int64_t> samples_;
  std::int64_t passes_ = 0;
};

// A step whose c is within a factor 2 of the target, else the one that came nearest, or the largest one where
// nothing shows.
double near_target(Trials& trials, const ChangeBand& band, Trial& trial) {
  const double noise = kRoundOff * band.target;
  double step = kStart, best_step = kStart;
  trial = trials.at(step, noise);
  Trial best = trial;
  for (int move = 0; move < kMoves; ++move) {
    if (std::isnan(trial.c)) {
      step /= 10;  // so far off that nothing is finite
    } else if (!trial.visible() && trial.c < noise) {
      if (step >= kLargest) break;
      step *= 10;  // below round-off: c itself is noise
    } else if (trial.c > 2 * band.target || trial.c < band.target / 2) {
      step = std::min(step * std::sqrt(band.target / trial.c), kLargest);
    } else {
      return step;
    }
    trial = trials.at(step, noise);
    if (distance(trial, band.target) <= distance(best, band.target)) {
      best = trial;
      best_step = step;
    }
  }
  trial = best;
  return best_step;
}

// c(2s)/c(s) of a quadratic is 4; the fourth order adds about 0.7 c to each, which matters at bf16's target.
double upper_doubling(double c) { return 4 * std::max(1.1, 1.05 * (1 + 0.7 * 4 * c) / (1 + 0.7 * c)); }
constexpr double kLowerDoubling = 4 * 0.95;

// How far samples are from quadratic, each by itself: the median of |a(2s)/4 - a(s)| / |a(s)|. The same draws
// make both, so their spread cancels; where one of the two took more draws nothing can be said. Medians of
// all samples may double as they should while the samples themselves do not.
double bend(const Trial& step, const Trial& doubled) {
  if (step.draws != doubled.draws) return 0;
  std::vector<double> off;
  for (std::size_t i = 0; i < step.means.size(); ++i)
    off.push_back(std::abs(doubled.means[i] / 4 - step.means[i]) / std::abs(step.means[i]));
  return base::median_of_finite(off);
}
// The fourth order alone makes about 2 c of it.
double allowed_bend(double c) { return std::max(0.1, 4 * c); }

}  // namespace

ChangeBand band_of(Precision precision) {
  switch (precision) {
    case Precision::bfloat16:
      return {.target = 0.15, .low = 0.1, .high = 0.25, .round_off = 1e-2};
    case Precision::float32:
      return {.target = 0.01, .low = 0.001, .high = 0.03, .round_off = 1e-6};
    case Precision::float64:
      break;
  }
  return {.target = 0.01, .low = 0.001, .high = 0.03, .round_off = 1e-14};
}

std::string_view name_of(Precision precision) {
  return precision == Precision::bfloat16 ? "bf16" : precision == Precision::float32 ? "float32" : "float64";
}

Fit fit_of(const Functional& f, std::span<const DrawValues> draws) {
  std::vector<std::int64_t> samples(static_cast<std::size_t>(f.num_samples()));
  std::iota(samples.begin(), samples.end(), 0);
  const Trial trial = trial_of(f, draws, samples);
  if (!std::isfinite(trial.c)) return Fit::no;
  if (!trial.visible()) return Fit::unclear;
  const ChangeBand band = band_of(f.model().precision());
  return trial.c >= band.clean() && trial.c <= band.high ? Fit::yes : Fit::no;
}

Calibration calibrate(const Functional& f, const Estimator& estimator) {
  const ChangeBand band = band_of(f.model().precision());
  Trials trials(f, estimator);
  Trial trial{};
  double step = near_target(trials, band, trial);
  if (!trial.visible())
    return {.step = kUnknown, .c = 0, .doubling = 0, .accepted = false, .passes = trials.passes()};

  double doubling = 0, least = band.low;
  bool quadratic = false;
  for (int correction = 0; correction <= kCorrections; ++correction) {
    const Trial doubled = trials.at(2 * step);
    doubling = doubled.c / trial.c;
    const bool round_off = doubling < kLowerDoubling, grows = !(doubling <= upper_doubling(trial.c)),
               bent = !round_off && !grows && !(bend(trial, doubled) <= allowed_bend(trial.c));
    quadratic = !round_off && !grows && !bent;
    if (quadratic) break;
    if (bent) least = band.clean();
    const double moved = round_off ? step * 1.5 : step / 2;
    const Trial there = trials.at(moved);
    if (!there.visible() || there.c < least || there.c > band.high) break;
    step = moved;
    trial = there;
  }
  return {.step = step,
          .c = trial.c,
          .doubling = doubling,
          .accepted = quadratic && trial.c >= least && trial.c <= band.high,
          .passes = trials.passes()};
}

}  // namespace lethe::scoring
