// The weights seen through noise: W + sign sigma z, written into the gather buffer; the masters are
// read-only. z is keyed by the canonical index, so every cut into shards gives the same noise.
#pragma once

#include <cstdint>
#include <utility>
#include <vector>

#include "framework/models/parameter_index.h"
#include "framework/scoring/scored_model.h"
#include "framework/sharding/weight_source.h"

namespace lethe::scoring {

// By parameter: does `scope` (all, norms, a part of a parameter's name, or a shell pattern of whole names)
// move it? Errors: config.range where it moves none.
[[nodiscard]] std::vector<bool> moved_parameters(const models::ParameterIndex& index,
                                                 const std::string& scope);

class PerturbedWeights final : public sharding::WeightSource {
 public:
  // Errors: config.range where `noise.scope` names no parameter.
  PerturbedWeights(const models::ParameterIndex& index, Noise noise, Perturbation perturbation);
  void write(const sharding::ShardPart& part, const at::Tensor& master, at::Tensor& out) const override;

 private:
  Noise noise_;
  Perturbation perturbation_;
  std::vector<std::pair<std::uint64_t, std::uint64_t>>
      moved_;  // canonical ranges [first, end) that the scope moves
};

}  // namespace lethe::scoring
