// The published definition, literally: the mean of f(d) at sigma. At sigma = 1e-5 one draw has a relative
// error of about 140; here to show that, and to reproduce it.
#include "framework/scoring/estimator.h"

namespace lethe::scoring::plain_entry {
namespace {

class Plain final : public Estimator {
 public:
  explicit Plain(double eps) : eps_(eps) {}
  StepSize step_size() const override { return StepSize::sigma; }
  std::string identity() const override { return name_with_eps("plain", eps_); }
  double scale(double sigma, double step) const override { return (sigma / step) * (sigma / step); }

  std::vector<DrawValues> draws(const Functional& f, double step, std::int64_t first, std::int64_t count,
                                std::span<const std::int64_t> samples) const override {
    std::vector<Perturbation> singles;
    for (std::int64_t k = first; k < first + count; ++k) {
      singles.push_back({.sigma = step, .sign = 1, .draw = static_cast<std::uint32_t>(k), .eps = eps_});
    }
    std::vector<DrawValues> draws;
    for (auto& values : f.values(singles, samples))
      draws.push_back({values, values});  // first order is nearly all of it
    return draws;
  }

 private:
  double eps_;
};

}  // namespace

std::unique_ptr<Estimator> make(config::Section options, const Setting&) {
  const double eps = read_eps(options);
  options.reject_unknown();
  return std::make_unique<Plain>(eps);
}

}  // namespace lethe::scoring::plain_entry
