// The scored model over the engine: passes of the walk through perturbed weights, spread over ranks as
// (draw, pack) jobs. Several jobs walk together: a block is gathered once (where the model is sharded) and
// each draw and sign makes its own copy of it in a scratch buffer, or, for jets, none.
#pragma once

#include <span>
#include <vector>

#include "framework/inference/log_likelihood.h"
#include "framework/scoring/scored_model.h"

namespace lethe::scoring {

// Of weights and forward pass, as the model's passes see them.
[[nodiscard]] Precision precision_of(const sharding::WeightStore& store);

class WalkedModel final : public ScoredModel {
 public:
  // All must outlive it. `documents`: the forget set, in sample order.
  WalkedModel(walk::BlockWalk& walk, sharding::WeightStore& store, dist::ProcessGroup& world,
              std::span<const data::Document> documents);

  std::vector<SampleBase> base_pass() override;
  std::vector<PassValues> perturbed_passes(const Noise& noise, std::span<const Perturbation> perturbations,
                                           std::span<const std::int64_t> samples) override;
  // What a pass holds does not depend on the world, so neither do the bits.
  std::vector<DerivativeValues> derivative_passes(const Noise& noise, std::span<const DirectionGroup> groups,
                                                  std::span<const std::int64_t> samples,
                                                  SecondOrder how) override;
  Precision precision() const override;
  std::int64_t draws_at_once() const override;

 private:
  std::vector<inference::TokenLogProbs> walk_all(const Noise& noise,
                                                 std::span<const Perturbation> perturbations,
                                                 std::span<const data::Document> documents);
  PassValues compare(const inference::TokenLogProbs& perturbed, double eps,
                     std::span<const std::int64_t> samples) const;

  walk::BlockWalk& walk_;
  sharding::WeightStore& store_;
  dist::ProcessGroup& world_;
  std::span<const data::Document> documents_;
  inference::TokenLogProbs base_;
};

}  // namespace lethe::scoring
