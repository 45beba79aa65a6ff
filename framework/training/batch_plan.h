// Who runs which samples of a global batch: a pure function of the batch and the samples' lengths, so every
// rank knows every rank's share without talking. Samples go to the pack or rank with the fewest tokens, the
// longest first, so that no rank waits for the one with the long samples.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/objectives/objective.h"

namespace lethe::training {

struct BatchItem {
  objectives::Role role = objectives::Role::forget;
  std::int64_t sample = 0;      // in its set
  std::int64_t tokens = 0;      // of all the documents that it brings
  std::int64_t alternate = -1;  // document of the other answer that rides with it; -1: none
};

// A pass of all ranks together is a *wave*; a rank without packs in it still joins every collective.
struct BatchPlan {
  std::vector<std::vector<BatchItem>> packs;         // items in batch order: forget samples before retain
  std::vector<std::vector<std::vector<int>>> waves;  // [wave][rank] -> packs
  double imbalance = 1;                              // tokens of the fullest rank / mean tokens of a rank
};

struct SplitOptions {
  std::int64_t micro_batch = 8;  // most samples of a rank in one wave
  // Elastic: the batch is cut into this many packs (a power of two; more where a pack would exceed
  // micro_batch), whatever the number of ranks. 0: into packs of the ranks' shares.
  int logical_shards = 0;
};

[[nodiscard]] BatchPlan plan_batch(std::span<const BatchItem> items, int num_ranks, SplitOptions options);

}  // namespace lethe::training
