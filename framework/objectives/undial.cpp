// UNDIAL (arXiv 2402.10052): distil from the frozen model with the true token's logit lowered by beta.
#include <ATen/ATen.h>

#include "framework/objectives/retain_term.h"

namespace lethe::objectives::undial_entry {
namespace {

struct Options {
  double beta = 10.0;
  double forget_weight = 1.0;
  RetainOptions retain{.loss = "nll", .weight = 0.0, .layer = 7, .openunlearning = false};
};

Options read(config::Section section) {
  Options o;
  section.optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0))
      .optional("beta", o.beta, "how far the teacher's logit of the true token is lowered", config::above(0));
  read_retain(section, o.retain);
  section.reject_unknown();
  return o;
}

class Undial final : public Objective {
 public:
  explicit Undial(Options options) : options_(std::move(options)) {}
  Needs needs() const override {
    Needs needs;
    RoleNeeds& forget = needs[Role::forget];
    forget.present = true;
    forget.statistics = {"log_prob", "reference_log_prob", "reference_others_cross_entropy"};
    if (options_.retain.openunlearning) forget.rows = data::Rows::all_but_last, forget.padded = true;
    need_retain(needs, options_.retain);
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {forget_term(batch[Role::forget]), retain_term(batch, options_.retain)};
  }
  Description description() const override {
    return {.formula = "gamma mean CE(softmax(z_ref - beta onehot(y)), softmax(z)) + alpha retain",
            .source = "arXiv 2402.10052",
            .quirks =
                "openunlearning: the mean runs over every position, prompt and padding too, and where there "
                "is no label the lowered column is V - 100 (label -100 wraps).",
            .when = "Bounded: the target is a distribution, so it cannot diverge."};
  }

 private:
  // The lowered teacher is q = sigmoid(logit(p_ref) - beta) on the target and p_ref's own beliefs, scaled to
  // 1 - q, on the others. log_prob is in margin form, so -expm1 keeps 1 - p_ref where the reference is sure.
  Term forget_term(const RoleTokens& forget) const {
    return term_of("forget", options_.forget_weight, forget, tokens_of(Role::forget), [&] {
      const at::Tensor reference = forget.stopped("reference_log_prob");
      const at::Tensor log_odds = reference - at::log(-at::expm1(reference)) - options_.beta;
      const at::Tensor on_target = at::sigmoid(log_odds), on_others = at::sigmoid(-log_odds);
      return (on_others * forget.statistic("reference_others_cross_entropy") - on_target * forget.log_prob())
          .sum();
    });
  }
  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) {
  return std::make_unique<Undial>(read(section));
}

}  // namespace lethe::objectives::undial_entry
