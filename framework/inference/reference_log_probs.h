// The frozen model's token log-probabilities of the forget set, computed once with the same kernels and kept
// in a file that is keyed by hashes of model, tokenizer and data: later runs of the same start read it, and
// the frozen model is never in memory beside the policy.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "framework/inference/log_likelihood.h"

namespace lethe::inference {

struct ReferenceKey {
  // Hash of all weights and the configuration, of the token store; compute dtype. Rank 0's counts.
  std::string model, tokens, compute;
  [[nodiscard]] std::string file_name() const;
};

// Reads the cache file, or computes it with the walk and writes it (rank 0). A damaged file is computed
// again. Collective over `world`.
[[nodiscard]] TokenLogProbs reference_log_probs(const std::filesystem::path& cache_folder,
                                                const ReferenceKey& key, walk::BlockWalk& walk,
                                                dist::ProcessGroup& world,
                                                std::span<const data::Document> documents);

}  // namespace lethe::inference
