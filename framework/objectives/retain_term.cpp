#include "framework/objectives/retain_term.h"

#include <ATen/ATen.h>

#include "framework/objectives/tap_distance.h"

namespace lethe::objectives {

void read_retain(config::Section& section, RetainOptions& o, bool read_layer) {
  section
      .choice("retain_loss", o.loss, {"nll", "kl", "embed_diff"},
              "what keeps the retain set: its likelihood, the frozen model's distributions, or its hidden "
              "states")
      .optional("retain_weight", o.weight, "alpha: weight of the retain term; 0 reads no retain samples",
                config::at_least(0));
  if (read_layer)
    section.optional("layer", o.layer, "decoder layer whose output embed_diff compares, from 0",
                     config::between(0, 1e6));
  o.openunlearning = read_compat(section);
}

void need_retain(Needs& needs, const RetainOptions& o) {
  needs.openunlearning = o.openunlearning;
  if (o.weight == 0) return;
  if (o.loss == "nll") return need_log_prob(needs, Role::retain);
  if (o.loss == "embed_diff") return need_tap(needs, Role::retain, o.layer, true);
  RoleNeeds& retain = needs[Role::retain];
  retain.present = true;
  retain.statistics = {"reference_kl"};
  retain.padded = o.openunlearning;
  if (o.openunlearning) retain.rows = data::Rows::all;
}

Term retain_term(const MicroBatch& batch, const RetainOptions& o) {
  const RoleTokens& retain = batch[Role::retain];
  if (o.loss == "embed_diff")
    return tap_distance("retain", o.weight, batch, Role::retain, retain.reference_tap, o.openunlearning);
  if (o.loss == "nll") return nll_term("retain", o.weight, retain, tokens_of(Role::retain));
  return term_of("retain", o.weight, retain, tokens_of(Role::retain),
                 [&] { return retain.statistic("reference_kl").sum(); });
}

}  // namespace lethe::objectives
