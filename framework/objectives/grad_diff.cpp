// Gradient difference: ascend on the forget set, descend on the retain set. loss = -gamma NLL_forget + alpha
// retain.
#include <ATen/ATen.h>

#include "framework/objectives/retain_term.h"

namespace lethe::objectives::grad_diff_entry {
namespace {

struct Options {
  double forget_weight = 1.0;
  RetainOptions retain;
};

Options read(config::Section section) {
  Options o;
  section.optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0));
  read_retain(section, o.retain);
  section.reject_unknown();
  return o;
}

class GradDiff final : public Objective {
 public:
  explicit GradDiff(Options options) : options_(std::move(options)) {}
  Needs needs() const override {
    Needs needs;
    need_log_prob(needs, Role::forget);
    need_retain(needs, options_.retain);
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {nll_term("forget", -options_.forget_weight, batch[Role::forget], tokens_of(Role::forget)),
            retain_term(batch, options_.retain)};
  }
  Description description() const override {
    return {
        .formula = "-gamma mean NLL(forget) + alpha retain",
        .source = "Liu et al. 2022, arXiv 2203.12817",
        .quirks = "",
        .when =
            "The plainest baseline with a retain term. Diverges when run long: stop by a rule, or use NPO."};
  }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) {
  return std::make_unique<GradDiff>(read(section));
}

}  // namespace lethe::objectives::grad_diff_entry
