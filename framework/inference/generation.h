// Greedy generation with a key-value cache, in batches over ranks. Sequences that have ended leave the batch.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/dist/process_group.h"
#include "framework/models/decoder_model.h"
#include "framework/sharding/weight_store.h"

namespace lethe::inference {

struct GenerationOptions {
  std::int64_t max_new_tokens = 64;
  std::int64_t batch = 32;             // sequences at once on a rank
  std::vector<std::int32_t> stop_ids;  // any of them ends a sequence and is not part of it
};

// New tokens of every prompt, on every rank. Collective over `world`: ranks take batches in turn.
[[nodiscard]] std::vector<std::vector<std::int32_t>> generate(
    const models::DecoderModel& model, sharding::WeightStore& store, dist::ProcessGroup& world,
    std::span<const std::vector<std::int32_t>> prompts, const GenerationOptions& options);

}  // namespace lethe::inference
