// What the public re-implementation computes: the mean of |f(d)|. Another quantity than the definition: it
// converges to sigma sqrt(2/pi) |g|, a gradient norm, and is proportional to sigma, not to its square.
#include <cmath>

#include "framework/scoring/estimator.h"

namespace lethe::scoring::mean_abs_entry {
namespace {

class MeanAbs final : public Estimator {
 public:
  explicit MeanAbs(double eps) : eps_(eps) {}
  StepSize step_size() const override { return StepSize::sigma; }
  bool is_signed() const override { return false; }
  std::string identity() const override { return name_with_eps("mean_abs", eps_); }
  double scale(double sigma, double step) const override { return sigma / step; }

  std::vector<DrawValues> draws(const Functional& f, double step, std::int64_t first, std::int64_t count,
                                std::span<const std::int64_t> samples) const override {
    std::vector<Perturbation> singles;
    for (std::int64_t k = first; k < first + count; ++k) {
      singles.push_back({.sigma = step, .sign = 1, .draw = static_cast<std::uint32_t>(k), .eps = eps_});
    }
    std::vector<DrawValues> draws;
    for (auto& values : f.values(singles, samples)) {
      for (double& value : values) value = std::abs(value);
      draws.push_back({std::move(values), {}});
    }
    return draws;
  }

 private:
  double eps_;
};

}  // namespace

std::unique_ptr<Estimator> make(config::Section options, const Setting&) {
  const double eps = read_eps(options);
  options.reject_unknown();
  return std::make_unique<MeanAbs>(eps);
}

}  // namespace lethe::scoring::mean_abs_entry
