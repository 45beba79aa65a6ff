// SatImp (arXiv 2505.11953): gradient ascent, each token weighed by saturation and importance, p^b1 (1-p)^b2.
#include <ATen/ATen.h>

#include "framework/objectives/retain_term.h"

namespace lethe::objectives::sat_imp_entry {
namespace {

struct Options {
  double beta1 = 5.0, beta2 = 1.0;
  double forget_weight = 0.1;
  RetainOptions retain;
};

Options read(config::Section section) {
  Options o;
  section.optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0))
      .optional("beta1", o.beta1, "power of p: tokens that are not yet forgotten", config::at_least(0))
      .optional("beta2", o.beta2, "power of 1 - p: tokens that are not certain", config::at_least(0));
  read_retain(section, o.retain);
  section.reject_unknown();
  return o;
}

class SatImp final : public Objective {
 public:
  explicit SatImp(Options options) : options_(std::move(options)) {}
  Needs needs() const override {
    Needs needs;
    need_log_prob(needs, Role::forget);
    need_retain(needs, options_.retain);
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {forget_term(batch[Role::forget]), retain_term(batch, options_.retain)};
  }
  Description description() const override {
    return {.formula = "-gamma mean_tokens p^beta1 (1-p)^beta2 NLL + alpha retain, weights held constant",
            .source = "arXiv 2505.11953",
            .quirks =
                "The method's README asks for gamma 1 and alpha 0.1; OpenUnlearning ships gamma 0.1 and "
                "alpha 1, the defaults here.",
            .when = "Gradient ascent that spends itself on tokens of middling certainty."};
  }

 private:
  Term forget_term(const RoleTokens& forget) const {
    return term_of("forget", -options_.forget_weight, forget, tokens_of(Role::forget), [&] {
      const at::Tensor log_p = forget.stopped("log_prob");
      const at::Tensor weight = at::exp(options_.beta1 * log_p) * at::pow(-at::expm1(log_p), options_.beta2);
      return -(weight * forget.log_prob()).sum();
    });
  }
  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) {
  return std::make_unique<SatImp>(read(section));
}

}  // namespace lethe::objectives::sat_imp_entry
