// z'Hz by differentiating twice, sample by sample, in float64: slow, and an oracle that shares no rule with
// the estimators that it checks.
#include "framework/base/error.h"
#include "framework/scoring/estimator.h"

namespace lethe::scoring::hvp_entry {
namespace {

class Hvp final : public Estimator {
 public:
  StepSize step_size() const override { return StepSize::none; }
  std::int64_t directions() const override { return 1; }
  std::string identity() const override { return "hvp"; }
  double scale(double sigma, double step) const override { return (sigma / step) * (sigma / step); }

  std::vector<DrawValues> draws(const Functional& f, double, std::int64_t first, std::int64_t count,
                                std::span<const std::int64_t> samples) const override {
    std::vector<DirectionGroup> groups;
    for (std::int64_t k = first; k < first + count; ++k)
      groups.push_back({.first = static_cast<std::uint32_t>(k), .count = 1});
    std::vector<DrawValues> draws;
    for (Functional::Orders& orders : f.orders(groups, SecondOrder::hessian, samples))
      draws.push_back({std::move(orders.second), std::move(orders.first)});
    return draws;
  }
};

}  // namespace

std::unique_ptr<Estimator> make(config::Section options, const Setting& setting) {
  options.reject_unknown();
  if (setting.precision != Precision::float64) {
    fail("config.conflict", "score.estimator: `hvp` is an oracle for tests and runs in float64 only",
         "set model.compute: float64, or use antithetic or jet");
  }
  return std::make_unique<Hvp>();
}

}  // namespace lethe::scoring::hvp_entry
