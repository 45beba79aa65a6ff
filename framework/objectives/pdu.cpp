// PDU (arXiv 2506.05314): flat logits on the forget set, subject to a bound on the retain loss. The retain
// weight is the bound's dual variable.
#include <ATen/ATen.h>

#include "framework/objectives/retain_term.h"

namespace lethe::objectives::pdu_entry {
namespace {

struct Options {
  bool primal_dual = true;
  double retain_bound = 0.3, dual_rate = 1.0, dual_warmup_epochs = 5.0;
  double forget_weight = 1.0;
  RetainOptions retain;
};

Options read(config::Section section) {
  Options o;
  section
      .optional("primal_dual", o.primal_dual,
                "let the retain weight follow the retain loss; otherwise it stays")
      .optional("retain_bound", o.retain_bound, "epsilon: the retain loss that is good enough")
      .optional("dual_rate", o.dual_rate, "eta: how fast the retain weight follows", config::at_least(0))
      .optional("dual_warmup_epochs", o.dual_warmup_epochs, "epochs before the retain weight moves",
                config::at_least(0))
      .optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0));
  read_retain(section, o.retain);
  section.reject_unknown();
  return o;
}

class Pdu final : public Objective {
 public:
  explicit Pdu(Options options) : options_(std::move(options)), dual_(options_.retain.weight) {}
  Needs needs() const override {
    Needs needs;
    needs[Role::forget] = {.present = true, .statistics = {"logit_spread"}};
    if (options_.retain.openunlearning) needs[Role::forget].rows = data::Rows::inputs;
    RetainOptions retain = options_.retain;
    // The bound is looked at, and lambda grows, from whatever it begins with.
    if (options_.primal_dual && retain.weight == 0) retain.weight = 1;
    need_retain(needs, retain);
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    const RoleTokens& forget = batch[Role::forget];
    Term flat = term_of("forget", options_.forget_weight, forget, tokens_of(Role::forget),
                        [&] { return forget.statistic("logit_spread").square().sum(); });
    Term retain = retain_term(batch, options_.retain);
    retain.weight = dual_;
    if (options_.primal_dual) retain.offset = options_.retain_bound;
    return {std::move(flat), std::move(retain)};
  }
  // The update's own loss used the weight from before.
  void after_update(const UpdateFacts& facts) override {
    const auto retain = facts.terms.find("retain");
    if (!options_.primal_dual || facts.epoch < options_.dual_warmup_epochs || retain == facts.terms.end())
      return;
    dual_ = std::max(0.0, dual_ + options_.dual_rate * (retain->second - options_.retain_bound));
  }
  std::vector<double> state() const override { return {dual_}; }
  void restore(std::span<const double> state) override { dual_ = state.front(); }
  Description description() const override {
    return {.formula =
                "gamma mean (max z - mean z)^2 + lambda (retain - epsilon); lambda = max(0, lambda + eta "
                "(retain - epsilon)) after each update, from alpha on",
            .source = "arXiv 2506.05314",
            .quirks =
                "openunlearning: the logits of the answer's own positions are flattened, not those that "
                "predict it. lambda moves once an update here, once a micro-batch and process there. TOFU "
                "was published with alpha 100, eta 5, epsilon 0.3, warm-up 5.",
            .when = "The loss on the retain set has a bound that must hold; the weight finds itself."};
  }

 private:
  Options options_;
  double dual_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) { return std::make_unique<Pdu>(read(section)); }

}  // namespace lethe::objectives::pdu_entry
