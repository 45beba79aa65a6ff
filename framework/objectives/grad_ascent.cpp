// Gradient ascent on the forget set: minus the mean negative log-likelihood over its scored tokens.
#include <ATen/ATen.h>

#include "framework/objectives/objective.h"

namespace lethe::objectives {
namespace {

class GradAscent final : public Objective {
 public:
  Needs needs() const override { return {.retain = false}; }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {nll_term("forget", -1, batch[Role::forget], Count::forget_tokens)};
  }
};

}  // namespace

std::unique_ptr<Objective> make_grad_ascent(config::Section section) {
  section.reject_unknown();
  return std::make_unique<GradAscent>();
}

}  // namespace lethe::objectives
