// Greedy generation with a key-value cache: the sequences of a batch take each step together (one matrix
// product a weight), and those that have ended leave it.
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
  std::vector<std::int32_t> stop_ids;  // any of them ends a sequence and is not part of it
  // Of generation_config.json: logits of tokens that prompt or answer already hold are divided by it (where
  // negative, multiplied) before the likeliest is taken. 1 changes nothing.
  double repetition_penalty = 1;
  // A token of prompts that nobody attends to and that takes no position; -1: none. It counts as repeated all
  // the same.
  std::int32_t unseen_id = -1;
};

struct Generated {
  std::vector<std::vector<std::int32_t>> tokens;  // new ones, of each prompt
  // By prompt and token, the stop included: how much likelier (as logits) the chosen token was than the next
  // best. Where it is below rounding, another order of summation may choose the other one.
  std::vector<std::vector<float>> margins;
};

// One batch: `prompts` are this rank's, all at once; prompts of similar length waste least. Collective over
// `world`: every rank brings its own batch, or none. Margins only if asked for. Errors: config.conflict for a
// prompt that ends in the unseen token.
[[nodiscard]] Generated generate(const models::DecoderModel& model, sharding::WeightStore& store,
                                 dist::ProcessGroup& world,
                                 std::span<const std::vector<std::int32_t>> prompts,
                                 const GenerationOptions& options, bool with_margins = false);

}  // namespace lethe::inference
