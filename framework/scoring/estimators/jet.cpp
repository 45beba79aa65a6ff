// z'Hz by second-order forward mode (ops/jet.h): no step, hence no calibration and no cancellation, and right
// in bf16. A draw is a group of directions that one pass walks together; their second derivatives are carried
// as one sum, which saves a quarter of the work and leaves one value for each group to make error bars of.
#include <fmt/format.h>

#include "framework/scoring/estimator.h"

namespace lethe::scoring::jet_entry {
namespace {

class Jet final : public Estimator {
 public:
  explicit Jet(std::int64_t group) : group_(group) {}
  StepSize step_size() const override { return StepSize::none; }
  std::int64_t directions() const override { return group_; }
  std::string identity() const override { return fmt::format("jet {}", group_); }
  double scale(double sigma, double step) const override { return (sigma / step) * (sigma / step); }

  std::vector<DrawValues> draws(const Functional& f, double, std::int64_t first, std::int64_t count,
                                std::span<const std::int64_t> samples) const override {
    std::vector<DirectionGroup> groups;
    for (std::int64_t k = first; k < first + count; ++k)
      groups.push_back({.first = static_cast<std::uint32_t>(k * group_), .count = group_});
    std::vector<DrawValues> draws;
    for (Functional::Orders& orders : f.orders(groups, SecondOrder::jet, samples))
      draws.push_back({std::move(orders.second), std::move(orders.first)});
    return draws;
  }

 private:
  std::int64_t group_;
};

}  // namespace

std::unique_ptr<Estimator> make(config::Section options, const Setting&) {
  std::int64_t group = 2;
  options.optional(
      "group", group,
      "directions that one pass walks together; a group is one draw. Without effect where auto takes pairs",
      config::between(1, 16));
  options.reject_unknown();
  return std::make_unique<Jet>(group);
}

}  // namespace lethe::scoring::jet_entry
