// Negative preference optimisation (arXiv 2404.05868): -(2/b) E log sigmoid(-b log(pi/pi_ref)) over forget
// samples, with log pi the sum over a sample's scored tokens, plus a retain term. As b -> 0 the gradient
// becomes gradient ascent's.
#include <ATen/ATen.h>

#include "framework/objectives/preference.h"
#include "framework/objectives/retain_term.h"

namespace lethe::objectives::npo_entry {
namespace {

struct Options {
  double beta = 0.1;
  double forget_weight = 1.0;
  RetainOptions retain;
};

Options read(config::Section section) {
  Options o;
  section.optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0))
      .optional("beta", o.beta, "how fast a forgotten sample stops pulling", config::above(0));
  read_retain(section, o.retain);
  section.reject_unknown();
  return o;
}

class Npo final : public Objective {
 public:
  explicit Npo(Options options) : options_(std::move(options)) {}
  Needs needs() const override {
    Needs needs;
    need_log_prob(needs, Role::forget);
    needs[Role::forget].reference_log_prob = true;
    need_retain(needs, options_.retain);
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {forget_term(batch[Role::forget]), retain_term(batch, options_.retain)};
  }
  Description description() const override {
    return {
        .formula = "gamma (-2/beta) mean_b log sigmoid(-beta log(pi/pi_ref)) + alpha retain",
        .source = "arXiv 2404.05868",
        .quirks = "",
        .when = "The usual first choice: forgets as gradient ascent does, and lets go of what is forgotten."};
  }

 private:
  Term forget_term(const RoleTokens& forget) const {
    return term_of("forget", options_.forget_weight, forget, samples_of(Role::forget),
                   [&] { return preference_loss(options_.beta, -log_ratio(forget)); });
  }
  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) { return std::make_unique<Npo>(read(section)); }

}  // namespace lethe::objectives::npo_entry
