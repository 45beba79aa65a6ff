// One update's gradient: packs of a rank's share, one forward and one backward for forget and retain samples
// together, sums divided by global counts before the backward.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/objectives/objective.h"
#include "framework/training/objective_pack.h"
#include "framework/walk/block_walk.h"

namespace lethe::training {

struct StepResult {
  double loss = 0;                      // weighted total, over all ranks
  std::map<std::string, double> terms;  // each term's sum / count, before its weight
  std::int64_t real_tokens = 0;         // of the global batch
  double forget_log_prob_mean =
      0;                        // mean log p of a forget token, before the update; NaN where it is not read
  double imbalance = 1;         // tokens of the fullest rank / mean tokens of a rank
  double flop_utilisation = 0;  // of the matmul peak; the caller measures
  std::optional<double> changed_fraction;  // of the trained weights, where the caller counts them
};

// Samples of one update. Which other answer rides with a sample is a function of (seed, step, sample).
struct BatchDraw {
  std::span<const std::int64_t> forget, retain;
  std::uint64_t seed = 0;
  std::int64_t step = 0;
};
// Whatever the objective reads of the draw: forget samples, then retain samples.
[[nodiscard]] std::vector<BatchItem> batch_items(const TrainingData& data, const objectives::Needs& needs,
                                                 const BatchDraw& draw);

// Collective over `world`. Leaves the finished gradient in `gradients`.
[[nodiscard]] StepResult compute_gradient(walk::BlockWalk& walk, sharding::GradientStore& gradients,
                                          const objectives::Objective& objective, const TrainingData& data,
                                          std::span<const BatchItem> batch, SplitOptions split,
                                          dist::ProcessGroup& world);

}  // namespace lethe::training
