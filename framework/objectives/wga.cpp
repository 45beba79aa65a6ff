// Weighted gradient ascent (arXiv 2502.19301): each token weighed by p^b, held constant, so that ascent ends
// where a token is forgotten.
#include <ATen/ATen.h>

#include "framework/objectives/retain_term.h"

namespace lethe::objectives::wga_entry {
namespace {

struct Options {
  double beta = 1.0;
  double forget_weight = 1.0;
  RetainOptions retain;
};

Options read(config::Section section) {
  Options o;
  section.optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0))
      .optional("beta", o.beta, "power of p; 0 is gradient ascent", config::at_least(0));
  read_retain(section, o.retain);
  section.reject_unknown();
  return o;
}

class Wga final : public Objective {
 public:
  explicit Wga(Options options) : options_(std::move(options)) {}
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
    return {.formula = "-gamma mean_tokens p^beta NLL + alpha retain, weights held constant",
            .source = "arXiv 2502.19301",
            .quirks = "",
            .when = "Gradient ascent that leaves tokens alone once they are unlikely."};
  }

 private:
  Term forget_term(const RoleTokens& forget) const {
    return term_of("forget", -options_.forget_weight, forget, tokens_of(Role::forget), [&] {
      return -(at::exp(options_.beta * forget.stopped("log_prob")) * forget.log_prob()).sum();
    });
  }
  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) { return std::make_unique<Wga>(read(section)); }

}  // namespace lethe::objectives::wga_entry
