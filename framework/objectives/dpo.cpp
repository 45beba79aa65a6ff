// Direct preference optimisation against the forget answer (arXiv 2305.18290): the alternate answer wins, the
// original loses. -(2/b) E log sigmoid(b (r_alternate - r_original)), r = log(pi/pi_ref).
#include <ATen/ATen.h>

#include "framework/objectives/preference.h"
#include "framework/objectives/retain_term.h"

namespace lethe::objectives::dpo_entry {
namespace {

struct Options {
  double beta = 0.1;
  double forget_weight = 1.0;
  RetainOptions retain;
};

Options read(config::Section section) {
  Options o;
  section.optional("forget_weight", o.forget_weight, "gamma: weight of the forget term", config::at_least(0))
      .optional("beta", o.beta, "sharpness of the preference", config::above(0));
  read_retain(section, o.retain);
  section.reject_unknown();
  return o;
}

class Dpo final : public Objective {
 public:
  explicit Dpo(Options options) : options_(std::move(options)) {}
  Needs needs() const override {
    Needs needs;
    for (const Role role : {Role::forget, Role::alternate}) {
      need_log_prob(needs, role);
      needs[role].reference_log_prob = true;
    }
    need_retain(needs, options_.retain);
    return needs;
  }
  std::vector<Term> terms(const MicroBatch& batch) const override {
    return {forget_term(batch[Role::forget], batch[Role::alternate]), retain_term(batch, options_.retain)};
  }
  Description description() const override {
    return {.formula =
                "gamma (-2/beta) mean_b log sigmoid(beta (r_alternate - r_original)) + alpha retain, r = "
                "log(pi/pi_ref)",
            .source = "arXiv 2305.18290; IdkDPO of arXiv 2401.06121; AltPO of arXiv 2409.13474",
            .quirks =
                "The factor 2/beta is NPO's; the DPO of TOFU has none. data.alternate gives the other "
                "answers: a file of refusals (IdkDPO), or a field of the rows (AltPO).",
            .when = "Replaces an answer by another: a refusal, or a plausible invention."};
  }

 private:
  Term forget_term(const RoleTokens& original, const RoleTokens& alternate) const {
    return term_of("forget", options_.forget_weight, original, samples_of(Role::forget), [&] {
      return preference_loss(options_.beta, log_ratio(alternate) - log_ratio(original));
    });
  }
  Options options_;
};

}  // namespace

std::unique_ptr<Objective> make(config::Section section) { return std::make_unique<Dpo>(read(section)); }

}  // namespace lethe::objectives::dpo_entry
