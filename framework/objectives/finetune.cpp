// Plain fine-tuning: the mean negative log-likelihood over all scored tokens, of the forget and the retain
// samples alike. With data.exclude: forget it makes the retrained model.
#include <ATen/ATen.h>

#include "framework/objectives/objective.h"

namespace lethe::objectives::finetune_entry {
namespace {

class Finetune final : public Objective {
 public:
  explicit Finetune(bool openunlearning) : openunlearning_(openunlearning) {}
  Needs needs() const override {
    Needs needs;
    needs.openunlearning = openunlearning_;
    need_log_prob(needs, Role::forget);
    need_log_prob(needs, Role::retain);
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {nll_term("forget", 1, batch[Role::forget], kAllTokens),
            nll_term("retain", 1, batch[Role::retain], kAllTokens)};
  }
  Description description() const override {
    return {.formula = "mean NLL over the answer tokens of both sets",
            .source = "",
            .quirks = "",
            .when =
                "To plant knowledge, to relearn, and (data.exclude: forget) for the retrained model that "
                "unlearning is measured against."};
  }

  bool unlearns() const override { return false; }

 private:
  bool openunlearning_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) {
  const bool openunlearning = read_compat(section);
  section.reject_unknown();
  return std::make_unique<Finetune>(openunlearning);
}

}  // namespace lethe::objectives::finetune_entry
