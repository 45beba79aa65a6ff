#include "framework/run/stop_rule.h"

#include "framework/run/evaluate_sets.h"

namespace lethe::run {

std::string reason_to_stop(const RunConfig& config, Engine& engine, const SampleSets& sets) {
  const StopOptions& stop = config.stop;
  if (stop.when && evaluate_formula(*stop.when, config, engine, sets).value_or(0) != 0)
    return fmt::format("{} holds", stop.when->text());
  if (!stop.forget_probability_below && !stop.forget_probability_above) return "";
  const double forget = mean_probability(config, engine, sets, sets.forget);
  if (stop.forget_probability_below && forget < *stop.forget_probability_below)
    return fmt::format("forget probability {:.3f} is below {}", forget, *stop.forget_probability_below);
  if (!stop.forget_probability_above || !(forget > *stop.forget_probability_above)) return "";
  const double retain =
      stop.retain_probability_above ? mean_probability(config, engine, sets, sets.retain) : 1.0;
  if (!(retain > stop.retain_probability_above.value_or(0))) return "";
  return fmt::format("forget probability {:.3f} is above {}", forget, *stop.forget_probability_above);
}

}  // namespace lethe::run
