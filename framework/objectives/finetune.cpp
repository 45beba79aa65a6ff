// Plain fine-tuning: the mean negative log-likelihood over all scored tokens, of the forget and the retain
// samples alike.
#include <ATen/ATen.h>

#include "framework/objectives/objective.h"

namespace lethe::objectives {
namespace {

class Finetune final : public Objective {
 public:
  Needs needs() const override { return {}; }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {nll_term("forget", 1, batch[Role::forget], Count::all_tokens),
            nll_term("retain", 1, batch[Role::retain], Count::all_tokens)};
  }
};

}  // namespace

std::unique_ptr<Objective> make_finetune(config::Section section) {
  section.reject_unknown();
  return std::make_unique<Finetune>();
}

}  // namespace lethe::objectives
