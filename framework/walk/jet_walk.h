// One pass over the blocks with jets: log-probabilities of the scored tokens and their derivatives along
// several directions in parameter space. No backward and no perturbed weights; activations are (directions +
// 2) times those of a forward pass. Several passes share one gather of each block; a rank with an empty pack,
// or no pass, still gathers.
#pragma once

#include <span>
#include <vector>

#include "framework/data/packing.h"
#include "framework/models/decoder_model.h"
#include "framework/ops/log_prob_jet.h"
#include "framework/sharding/weight_store.h"

namespace lethe::walk {

struct JetRequest {
  ops::Directions directions;
  std::vector<bool> moves;  // by parameter: which weights the directions move
};

struct JetPass {
  const data::Pack* pack;
  JetRequest request;
};

class JetWalk {
 public:
  // Both must outlive it.
  JetWalk(const models::DecoderModel& model, sharding::WeightStore& store);

  // Of the pack's scored tokens, in its order.
  [[nodiscard]] ops::LogProbJet forward(const data::Pack& pack, const JetRequest& request);
  // The same of several, by pass.
  [[nodiscard]] std::vector<ops::LogProbJet> forward(std::span<const JetPass> passes);

 private:
  struct Way;  // of one pass through the blocks
  ops::JetWeight weight(int parameter, const JetRequest& request) const;
  models::LayerWeights<ops::Jet> layer_weights(const models::LayerParameters& p,
                                               const JetRequest& request) const;
  void run_layer(const models::LayerParameters& layer, Way& way) const;
  ops::LogProbJet head(const Way& way) const;
  void prefetch_layer(int layer);

  const models::DecoderModel& model_;
  sharding::WeightStore& store_;
};

}  // namespace lethe::walk
