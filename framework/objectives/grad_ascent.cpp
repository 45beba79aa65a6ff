// Gradient ascent on the forget set: minus the mean negative log-likelihood over its scored tokens.
#include <ATen/ATen.h>

#include "framework/objectives/objective.h"

namespace lethe::objectives::grad_ascent_entry {
namespace {

class GradAscent final : public Objective {
 public:
  explicit GradAscent(bool openunlearning) : openunlearning_(openunlearning) {}
  Needs needs() const override {
    Needs needs;
    needs.openunlearning = openunlearning_;
    need_log_prob(needs, Role::forget);
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {nll_term("forget", -1, batch[Role::forget], tokens_of(Role::forget))};
  }
  Description description() const override {
    return {.formula = "-mean NLL(forget)",
            .source = "Jang et al. 2022, arXiv 2210.01504",
            .quirks = "OpenUnlearning draws retain samples and ignores them; here none are read.",
            .when = "The lower bound of every table: it destroys the model when run long."};
  }

 private:
  bool openunlearning_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) {
  const bool openunlearning = read_compat(section);
  section.reject_unknown();
  return std::make_unique<GradAscent>(openunlearning);
}

}  // namespace lethe::objectives::grad_ascent_entry
