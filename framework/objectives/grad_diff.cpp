// Gradient difference: ascend on the forget set, descend on the retain set. loss = -gamma NLL_forget + alpha
// NLL_retain.
#include <ATen/ATen.h>

#include "framework/objectives/objective.h"

namespace lethe::objectives {
namespace {

struct Options {
  double forget_weight = 1.0;
  double retain_weight = 1.0;
};

Options read(config::Section section) {
  Options o;
  section.optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0))
      .optional("retain_weight", o.retain_weight, "alpha: weight of the retain term", config::at_least(0));
  section.reject_unknown();
  return o;
}

class GradDiff final : public Objective {
 public:
  explicit GradDiff(Options options) : options_(options) {}
  Needs needs() const override { return {}; }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {nll_term("forget", -options_.forget_weight, batch[Role::forget], Count::forget_tokens),
            nll_term("retain", options_.retain_weight, batch[Role::retain], Count::retain_tokens)};
  }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make_grad_diff(config::Section section) {
  return std::make_unique<GradDiff>(read(section));
}

}  // namespace lethe::objectives
