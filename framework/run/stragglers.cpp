#include "framework/run/stragglers.h"

#include <algorithm>
#include <numeric>

#include "framework/base/log.h"

namespace lethe::run {
namespace {

constexpr double kMuchSlower = 1.2, kWorthSaying = 0.05, kLongEnough = 5;  // seconds; below, it is noise
constexpr std::array<std::string_view, kPhases> kNames = {"gradient", "update", "wait_weights",
                                                          "wait_gradients"};
constexpr std::array kWork = {Phase::gradient, Phase::update};

double& of(PhaseSeconds& seconds, Phase phase) { return seconds[static_cast<std::size_t>(phase)]; }

// Of ranks, so the lower of two in the middle: half of two ranks are not slower than themselves.
double median_of(const std::vector<PhaseSeconds>& by_rank, std::size_t phase) {
  std::vector<double> values;
  for (const PhaseSeconds& rank : by_rank) values.push_back(rank[phase]);
  std::ranges::sort(values);
  return values[(values.size() - 1) / 2];
}

}  // namespace

std::string_view name_of(Phase phase) { return kNames[static_cast<std::size_t>(phase)]; }

std::optional<Straggler> find_straggler(const std::vector<PhaseSeconds>& by_rank) {
  if (by_rank.size() < 2) return std::nullopt;
  double whole = 0;
  for (std::size_t phase = 0; phase < kPhases; ++phase) whole += median_of(by_rank, phase);
  if (whole < kLongEnough) return std::nullopt;
  std::optional<Straggler> worst;
  for (const Phase phase : kWork) {
    const auto p = static_cast<std::size_t>(phase);
    const double median = median_of(by_rank, p);
    const auto slowest =
        std::ranges::max_element(by_rank, {}, [p](const PhaseSeconds& rank) { return rank[p]; });
    const double seconds = (*slowest)[p], behind = seconds - median;
    if (seconds < kMuchSlower * median || behind < kWorthSaying * whole) continue;
    if (worst && behind <= worst->seconds - worst->median) continue;
    worst = {static_cast<std::size_t>(slowest - by_rank.begin()), phase, seconds, median};
  }
  return worst;
}

void PhaseClock::add(double gradient_seconds, double update_seconds, const base::WaitSeconds& waits) {
  const double waited = std::accumulate(waits.begin(), waits.end(), 0.0);
  of(seconds_, Phase::gradient) += gradient_seconds - waited;
  of(seconds_, Phase::update) += update_seconds;
  of(seconds_, Phase::wait_weights) += waits[static_cast<std::size_t>(base::Wait::weights)];
  of(seconds_, Phase::wait_gradients) += waits[static_cast<std::size_t>(base::Wait::gradients)];
}

void PhaseClock::record(std::int64_t step, dist::ProcessGroup& world, RunOutput& output) const {
  const auto ranks = static_cast<std::size_t>(world.size());
  std::vector<PhaseSeconds> all(ranks);
  world.all_gather({seconds_.data(), kPhases, dist::DType::f64},
                   {all.data(), ranks * kPhases, dist::DType::f64});
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    records::PhasesRecord record{
        .step = step, .rank = static_cast<std::int64_t>(rank), .host = output.host(static_cast<int>(rank))};
    for (std::size_t phase = 0; phase < kPhases; ++phase) {
      const double median = median_of(all, phase);
      record.seconds[std::string(kNames[phase])] = all[rank][phase];
      if (median > 0) record.against_median[std::string(kNames[phase])] = all[rank][phase] / median;
    }
    output.append(record);
  }
  const auto straggler = find_straggler(all);
  if (!straggler) return;
  const std::string message =
      fmt::format("rank {} on {} is the slowest: {:.1f} s in {}, where the median rank takes {:.1f} s",
                  straggler->rank, output.host(static_cast<int>(straggler->rank)), straggler->seconds,
                  name_of(straggler->phase), straggler->median);
  spdlog::warn("straggler: {}", message);
  output.append(
      records::EventRecord{.name = "straggler", .level = "warning", .message = message, .step = step});
}

}  // namespace lethe::run
