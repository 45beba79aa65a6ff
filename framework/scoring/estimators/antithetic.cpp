// Pairs (f(d) + f(-d)) / 2: the first order, which drowns a plain draw at small sigma, cancels exactly. What
// is left is -step^2/2 d'Hd, so any step where that holds will do, and the score at sigma follows by (sigma /
// step)^2.
#include "framework/scoring/estimator.h"

namespace lethe::scoring::antithetic_entry {
namespace {

class Antithetic final : public Estimator {
 public:
  StepSize step_size() const override { return StepSize::calibrated; }
  std::string identity() const override { return "antithetic"; }
  double scale(double sigma, double step) const override { return (sigma / step) * (sigma / step); }

  std::vector<DrawValues> draws(const Functional& f, double step, std::int64_t first, std::int64_t count,
                                std::span<const std::int64_t> samples) const override {
    std::vector<Perturbation> pairs;
    for (std::int64_t k = first; k < first + count; ++k) {
      for (const int sign : {1, -1})
        pairs.push_back({.sigma = step, .sign = sign, .draw = static_cast<std::uint32_t>(k)});
    }
    const auto values = f.values(pairs, samples);
    std::vector<DrawValues> draws;
    for (std::size_t pair = 0; pair < values.size(); pair += 2)
      draws.push_back(halves(values[pair], values[pair + 1]));
    return draws;
  }

 private:
  static DrawValues halves(const std::vector<double>& plus, const std::vector<double>& minus) {
    DrawValues draw{std::vector<double>(plus.size()), std::vector<double>(plus.size())};
    for (std::size_t i = 0; i < plus.size(); ++i) {
      draw.value[i] = (plus[i] + minus[i]) / 2;
      draw.first_order[i] = (plus[i] - minus[i]) / 2;
    }
    return draw;
  }
};

}  // namespace

std::unique_ptr<Estimator> make(config::Section options, const Setting&) {
  options.reject_unknown();
  return std::make_unique<Antithetic>();
}

}  // namespace lethe::scoring::antithetic_entry
