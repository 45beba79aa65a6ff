// A model and documents for tests that hold the plan against the allocator's count.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "framework/data/packing.h"
#include "framework/models/decoder_model.h"
#include "framework/planning/workload.h"
#include "tests/support/tiny_model.h"

namespace lethe::planning {

// Wide enough that tensors, not the words around them, make up the sum.
inline models::DecoderModel toy_model(std::int64_t words) {
  return models::make_decoder_model({.vocab_size = words,
                                     .hidden_size = 192,
                                     .intermediate_size = 512,
                                     .num_layers = 4,
                                     .num_heads = 6,
                                     .num_kv_heads = 2,
                                     .head_dim = 32,
                                     .tie_word_embeddings = true});
}

struct ToySet {
  ToySet() : tokens(lethe::testing::tiny_documents(60, 5, 900)) {
    for (const auto& text : tokens) documents.push_back({.ids = text, .prompt_tokens = 3});
  }
  // All in one pack.
  PackSize pack() const {
    PackSize size;
    for (const data::Document& document : documents) {
      size.tokens += static_cast<std::int64_t>(document.ids.size());
      size.scored += document.scored_tokens();
    }
    return size;
  }
  const data::Document& longest_document() const {
    return *std::ranges::max_element(documents, {}, [](const auto& document) { return document.ids.size(); });
  }
  std::int64_t longest() const { return static_cast<std::int64_t>(longest_document().ids.size()); }
  std::vector<std::vector<std::int32_t>> tokens;
  std::vector<data::Document> documents;
};

}  // namespace lethe::planning
