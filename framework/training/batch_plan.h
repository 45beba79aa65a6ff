// Who runs which samples of a global batch: a pure function of the batch and the samples' lengths, so every
// rank knows every rank's share without talking. Samples go to the rank with the fewest tokens, the longest
// first; each rank's share is cut into micro-batches, and all ranks have the same number of them (a rank
// without samples still joins every collective).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/objectives/objective.h"

namespace lethe::training {

struct BatchItem {
  objectives::Role role = objectives::Role::forget;
  std::int64_t sample = 0;  // in its set
  std::int64_t tokens = 0;  // prompt and answer
};

struct BatchPlan {
  std::vector<std::vector<std::vector<BatchItem>>> ranks;  // [rank][micro-batch][items]
  std::size_t num_micro_batches = 0;
  double imbalance = 1;  // tokens of the fullest rank / mean tokens of a rank
};

// micro_batch: most samples in one pack of a rank.
[[nodiscard]] BatchPlan plan_batch(std::span<const BatchItem> items, int num_ranks, std::int64_t micro_batch);

}  // namespace lethe::training
