// One update's gradient: packs of a rank's share, one forward and one backward for forget and retain samples
// together, sums divided by global counts before the backward.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/data/packing.h"
#include "framework/inference/log_likelihood.h"
#include "framework/objectives/objective.h"
#include "framework/training/batch_plan.h"
#include "framework/walk/block_walk.h"

namespace lethe::training {

// The samples that batches draw from, by role. Documents point into the token stores.
struct TrainingData {
  std::array<std::vector<data::Document>, objectives::kNumRoles> documents;
  const inference::TokenLogProbs* forget_reference =
      nullptr;  // of the forget documents; null where no objective needs it
  std::span<const data::Document> of(objectives::Role role) const {
    return documents[static_cast<int>(role)];
  }
};

struct StepResult {
  double loss = 0;                      // weighted total, over all ranks
  std::map<std::string, double> terms;  // each term's sum / count, before its weight
  std::int64_t real_tokens = 0;         // of the global batch
  double forget_log_prob_mean =
      0;                        // mean log p of a forget token, before the update; NaN without forget samples
  double imbalance = 1;         // tokens of the fullest rank / mean tokens of a rank
  double flop_utilisation = 0;  // of the matmul peak; the caller measures
  std::optional<double> changed_fraction;  // of the trained weights, where the caller counts them
};

[[nodiscard]] std::vector<BatchItem> batch_items(const TrainingData& data,
                                                 std::span<const std::int64_t> forget,
                                                 std::span<const std::int64_t> retain);

// Collective over `world`. Leaves the finished gradient in `gradients`.
[[nodiscard]] StepResult compute_gradient(walk::BlockWalk& walk, sharding::GradientStore& gradients,
                                          const objectives::Objective& objective, const TrainingData& data,
                                          std::span<const BatchItem> batch, SplitOptions split,
                                          dist::ProcessGroup& world);

}  // namespace lethe::training
