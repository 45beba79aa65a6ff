// Log-probabilities of given tokens, over all ranks. Documents are cut into packs that depend on the
// documents only (data::packs_of); ranks take packs in turn, and every rank gets every value. The same for
// one rank or many, up to the last bits of a pack's arithmetic (none, since packs do not move).
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/data/packing.h"
#include "framework/dist/process_group.h"
#include "framework/walk/block_walk.h"

namespace lethe::inference {

struct TokenLogProbs {
  std::vector<std::int64_t> offsets = {0};  // [documents + 1], into values
  std::vector<double> values;               // log p of every scored token, in document order
  std::span<const double> of(std::int64_t document) const {
    return std::span(values).subspan(static_cast<std::size_t>(offsets[document]),
                                     static_cast<std::size_t>(offsets[document + 1] - offsets[document]));
  }
};

// Collective over `world`. `source`: the weights to see, null for the weights as they are.
[[nodiscard]] TokenLogProbs token_log_probs(walk::BlockWalk& walk, dist::ProcessGroup& world,
                                            std::span<const data::Document> documents,
                                            const sharding::WeightSource* source = nullptr,
                                            std::int64_t max_tokens = data::kPackTokens);

// Puts what a walk made of a pack, [scored], into the places of the documents that the pack is made of.
void put_pack(const at::Tensor& log_probs, const data::Pack& pack, std::span<const std::int64_t> documents,
              TokenLogProbs& into);
[[nodiscard]] TokenLogProbs empty_log_probs(std::span<const data::Document> documents);

// Mean negative log-likelihood of each document's scored tokens, nats; NaN for a document without any.
[[nodiscard]] std::vector<double> mean_losses(const TokenLogProbs& log_probs);

}  // namespace lethe::inference
