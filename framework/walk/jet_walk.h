// One pass over the blocks with jets: log-probabilities of the scored tokens and their derivatives along
// several directions in parameter space, from one gather of each block. No backward and no perturbed weights;
// activations are (directions + 2) times those of a forward pass. A rank with an empty pack still gathers.
#pragma once

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

class JetWalk {
 public:
  // Both must outlive it.
  JetWalk(const models::DecoderModel& model, sharding::WeightStore& store);

  // Of the pack's scored tokens, in its order.
  [[nodiscard]] ops::LogProbJet forward(const data::Pack& pack, const JetRequest& request);

 private:
  ops::JetWeight weight(int parameter, const JetRequest& request) const;
  models::LayerWeights<ops::Jet> layer_weights(const models::LayerParameters& p,
                                               const JetRequest& request) const;
  ops::Jet embed(const data::Pack& pack, const JetRequest& request);
  ops::Jet run_layers(const data::Pack& pack, const JetRequest& request, ops::Jet hidden);
  ops::LogProbJet head(const data::Pack& pack, const JetRequest& request, const ops::Jet& hidden);
  void prefetch_layer(int layer);

  const models::DecoderModel& model_;
  sharding::WeightStore& store_;
};

}  // namespace lethe::walk
