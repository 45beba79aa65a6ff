// SimNPO (arXiv 2410.07163): NPO with the answer's mean loss in place of the log-ratio, so without a
// reference model: -(2/b) E log sigmoid(b (L/n - d)).
#include <ATen/ATen.h>

#include "framework/objectives/preference.h"
#include "framework/objectives/retain_term.h"

namespace lethe::objectives::simnpo_entry {
namespace {

struct Options {
  double beta = 4.5;
  double delta = 0.0;
  double forget_weight = 0.125;
  RetainOptions retain;
};

Options read(config::Section section) {
  Options o;
  section.optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0))
      .optional("beta", o.beta, "sharpness: how fast a forgotten sample stops pulling", config::above(0))
      .optional("delta", o.delta, "mean loss from which a sample counts as forgotten, nats a token");
  read_retain(section, o.retain);
  section.reject_unknown();
  return o;
}

class SimNpo final : public Objective {
 public:
  explicit SimNpo(Options options) : options_(std::move(options)) {}
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
    return {.formula = "gamma (-2/beta) mean_b log sigmoid(beta (mean NLL_b - delta)) + alpha retain",
            .source = "arXiv 2410.07163",
            .quirks = "delta is called gamma in the paper; forget05 there: beta 2.5, gamma 0.1375, delta 0.",
            .when = "Like NPO without a reference model; long and short answers weigh the same."};
  }

 private:
  Term forget_term(const RoleTokens& forget) const {
    return term_of("forget", options_.forget_weight, forget, samples_of(Role::forget), [&] {
      const at::Tensor loss = -sum_by_sample(forget.log_prob(), forget.offsets);
      const at::Tensor mean = loss / tokens_by_sample(forget, loss);
      return preference_loss(options_.beta, mean - options_.delta);
    });
  }
  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) {
  return std::make_unique<SimNpo>(read(section));
}

}  // namespace lethe::objectives::simnpo_entry
