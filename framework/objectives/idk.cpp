// Answering with a refusal: the likelihood of "I do not know" to the forget questions, and either a retain
// term or answer preservation (retain answers preferred to refusals).
#include <ATen/ATen.h>

#include "framework/objectives/retain_term.h"

namespace lethe::objectives::idk_entry {
namespace {

struct Options {
  double beta = 0.1;
  std::string anchor = "nll";
  double forget_weight = 1.0;
  RetainOptions retain;
};

Options read(config::Section section) {
  Options o;
  section.optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0))
      .choice("anchor", o.anchor, {"nll", "ap"},
              "nll: retain_loss keeps the retain set; ap: retain answers are preferred to refusals")
      .optional("beta", o.beta, "sharpness of ap's preference", config::above(0));
  read_retain(section, o.retain);
  if (o.anchor == "ap" && o.retain.loss != "nll")
    section.refuse("retain_loss", "config.conflict",
                   fmt::format("{} beside anchor: ap, which is a retain loss of its own", o.retain.loss),
                   "leave one of them out");
  section.reject_unknown();
  return o;
}

class Idk final : public Objective {
 public:
  explicit Idk(Options options) : options_(std::move(options)) {}
  Needs needs() const override {
    Needs needs;
    need_log_prob(needs, Role::alternate);
    if (!anchored()) {
      need_retain(needs, options_.retain);
      return needs;
    }
    needs.openunlearning = options_.retain.openunlearning;
    need_log_prob(needs, Role::retain);
    need_log_prob(needs, Role::retain_alternate);
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {nll_term("forget", options_.forget_weight, batch[Role::alternate], tokens_of(Role::alternate)),
            anchored() ? preservation(batch) : retain_term(batch, options_.retain)};
  }
  Description description() const override {
    return {.formula =
                "gamma mean NLL(refusal | forget question) + alpha retain; anchor ap: + alpha (-1/beta) "
                "mean_b log sigmoid(beta (NLL_b(refusal | retain question) - NLL_b(retain answer)))",
            .source = "arXiv 2401.06121 (NLL), arXiv 2410.08109 (AP)",
            .quirks =
                "OpenUnlearning has no trainer of its own for it: GradDiff with gamma -1 on refusals gives "
                "these numbers. TOFU takes one mean over both sets' tokens.",
            .when = "The model should say that it does not know. ap keeps it from refusing everything."};
  }

 private:
  bool anchored() const { return options_.anchor == "ap" && options_.retain.weight > 0; }
  // Answer preservation: no factor 2 and no reference, unlike NPO and DPO.
  Term preservation(const MicroBatch& batch) const {
    const RoleTokens& retain = batch[Role::retain];
    return term_of("retain", options_.retain.weight, retain, samples_of(Role::retain), [&] {
      const RoleTokens& refusal = batch[Role::retain_alternate];
      const at::Tensor margin = sum_by_sample(retain.log_prob(), retain.offsets) -
                                sum_by_sample(refusal.log_prob(), refusal.offsets);
      return (-1 / options_.beta) * at::log_sigmoid(options_.beta * margin).sum();
    });
  }

  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) { return std::make_unique<Idk>(read(section)); }

}  // namespace lethe::objectives::idk_entry
