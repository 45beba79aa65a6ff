// Derivatives of token log-probabilities along directions by nested automatic differentiation of the whole
// decoder: every weight becomes W + eps Z, and each token's log-probability is differentiated by eps twice.
// It holds the whole model, the directions and their graph, and shares no rule with the jets: their oracle.
#pragma once

#include "framework/walk/jet_walk.h"

namespace lethe::scoring {

// As walk::JetWalk::forward, of a float64 store. Collective: every segment is gathered once; an empty pack
// joins.
[[nodiscard]] ops::LogProbJet nested_log_prob(const models::DecoderModel& model, sharding::WeightStore& store,
                                              const data::Pack& pack, const walk::JetRequest& request);

}  // namespace lethe::scoring
