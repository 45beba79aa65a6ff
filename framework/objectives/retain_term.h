// What keeps the retain set: the same choice in every objective that has a retain term.
#pragma once

#include "framework/objectives/objective.h"

namespace lethe::objectives {

struct RetainOptions {
  std::string loss = "nll";  // nll, kl, embed_diff
  double weight = 1.0;       // 0: the retain set is not read
  std::int64_t layer = 7;    // embed_diff: of which layer
  bool openunlearning = false;
};

// Reads retain_loss, retain_weight and `compat`, with the method's own defaults in `o`; `layer` too where
// embed_diff is chosen and `read_layer` is set.
void read_retain(config::Section& section, RetainOptions& o, bool read_layer = true);

void need_retain(Needs& needs, const RetainOptions& o);

// nll: mean -log p of an answer token. kl: mean KL(reference || model) over answer tokens; OpenUnlearning
// takes it over every position, padding too. embed_diff: mean squared distance of the hidden states to the
// frozen model's (tap_distance).
[[nodiscard]] Term retain_term(const MicroBatch& batch, const RetainOptions& o);

}  // namespace lethe::objectives
