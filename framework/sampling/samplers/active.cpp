// Skips samples that are already forgotten: those whose length-normalised answer probability, exp(-loss), is
// below the target. The others are equally likely. When all are forgotten, all are equally likely again.
#include <algorithm>
#include <cmath>

#include "framework/sampling/sampler.h"

namespace lethe::sampling::active_entry {
namespace {

struct ActiveOptions {
  double forgotten_below = 0.1;
  double floor = 0;
};

class Active final : public Sampler {
 public:
  Active(bool replacement, ActiveOptions options) : Sampler(replacement), options_(options) {}
  Needs needs() const override { return {.losses = true}; }

 private:
  // A loss that is no number says nothing about being forgotten: the sample stays in.
  Weights weigh() const override {
    std::vector<double> open(inputs().losses.size());
    std::transform(inputs().losses.begin(), inputs().losses.end(), open.begin(),
                   [&](double loss) { return std::exp(-loss) < options_.forgotten_below ? 0.0 : 1.0; });
    if (std::all_of(open.begin(), open.end(), [](double o) { return o == 0; }))
      return equal_weights(inputs().count);
    return make_weights({.scores = open, .errors = {}, .tokens = {}}, Mode::sum,
                        {.power = 1, .floor = options_.floor});
  }

  ActiveOptions options_;
};

}  // namespace

std::unique_ptr<Sampler> make(config::Section section) {
  const bool replacement = read_replacement(section);
  ActiveOptions o;
  section
      .optional(
          "forgotten_below", o.forgotten_below,
          "a sample whose answer probability (length-normalised) is below this is forgotten and skipped",
          config::between(0, 1))
      .optional("floor", o.floor, "share of the draws that is spread evenly over all samples",
                config::between(0, 1));
  section.reject_unknown();
  return std::make_unique<Active>(replacement, o);
}

}  // namespace lethe::sampling::active_entry
