// Negative preference optimisation (arXiv 2404.05868): -(2/b) E log sigmoid(-b log(pi/pi_ref)) over forget
// samples, with log pi the sum over a sample's scored tokens, plus the mean negative log-likelihood of the
// retain set. As b -> 0 the gradient becomes gradient ascent's.
#include <ATen/ATen.h>

#include "framework/objectives/objective.h"

namespace lethe::objectives {
namespace {

struct Options {
  double beta = 0.1;
  double forget_weight = 1.0;
  double retain_weight = 1.0;
};

Options read(config::Section section) {
  Options o;
  section.optional("beta", o.beta, "how fast a forgotten sample stops pulling", config::above(0))
      .optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0))
      .optional("retain_weight", o.retain_weight, "alpha: weight of the retain term", config::at_least(0));
  section.reject_unknown();
  return o;
}

class Npo final : public Objective {
 public:
  explicit Npo(Options options) : options_(options) {}
  Needs needs() const override { return {.reference_log_prob = true}; }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {forget_term(batch[Role::forget]),
            nll_term("retain", options_.retain_weight, batch[Role::retain], Count::retain_tokens)};
  }

 private:
  Term forget_term(const RoleTokens& forget) const {
    Term term{.name = "forget", .weight = options_.forget_weight, .sum = {}, .count = Count::forget_samples};
    if (forget.num_samples() == 0) return term;
    const at::Tensor log_ratio = sum_by_sample(forget.log_prob() - forget.reference_log_prob, forget.offsets);
    term.sum = (-2.0 / options_.beta) * at::log_sigmoid(-options_.beta * log_ratio).sum();
    return term;
  }

  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make_npo(config::Section section) { return std::make_unique<Npo>(read(section)); }

}  // namespace lethe::objectives
