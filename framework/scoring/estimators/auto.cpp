// The cheaper of `antithetic` and `jet` that can reach the asked error. It is chosen from what is the same on
// every rank, world and resume (the arithmetic and the stopping rule), not from a clock: a score must not
// depend on how busy a machine was.
//
// A direction costs two forwards as a pair, and about 3 + 2 / group as a jet (both in the same dtype), for
// the same variance: wherever a pair can be resolved it is cheaper. In bf16 it is not: a step that stands
// above round-off leaves a bias of 0.7 c, c = 0.15, that no number of draws takes away, and that differs from
// sample to sample: a ranking is left to jets there, however much error of the weights is allowed.
#include <fmt/format.h>

#include <cmath>

#include "framework/base/log.h"
#include "framework/scoring/calibration.h"
#include "framework/scoring/estimator.h"

namespace lethe::scoring::auto_entry {
namespace {

constexpr double kBiasOfChange = 0.7;

// Directions expected to bring the weights' error to `asked`; one direction leaves 0.16 of a score
// (SmolLM2-135M, TOFU) and 0.4 of that in the distribution.
std::int64_t expected_directions(const StopOptions& stop) {
  const double needed = std::pow(0.4 * 0.16 / stop.weights, 2);
  const auto most = static_cast<double>(stop.max_draws);  // before the cast: tiny errors ask for no integer
  return std::max(stop.min_draws, static_cast<std::int64_t>(std::ceil(std::min(needed, most))));
}

}  // namespace

std::unique_ptr<Estimator> make(config::Section options, const Setting& setting) {
  const double bias = kBiasOfChange * band_of(setting.precision).target;
  const bool ranks = setting.stop.ranking.has_value() && setting.precision == Precision::bfloat16;
  const bool pairs = setting.step_given || (bias <= setting.stop.weights && !ranks);
  const std::int64_t directions = expected_directions(setting.stop);
  if (setting.says_why) {
    spdlog::info(
        "score: auto takes {}: in {} a pair is off by {:.2g} whatever the number of draws ({:.2g} asked{}); "
        "about {} directions are expected, {} forwards as pairs, {} as jets",
        pairs ? "antithetic" : "jet", name_of(setting.precision), bias, setting.stop.weights,
        ranks ? ", and a ranking" : "", directions, 1 + 2 * directions, 1 + 4 * directions);
  }
  std::unique_ptr<Estimator> jet = make_estimator("jet", options, setting);
  return pairs ? make_estimator("antithetic", options, setting) : std::move(jet);
}

}  // namespace lethe::scoring::auto_entry
