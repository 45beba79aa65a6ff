// Documents in one token stream, with offsets and no padding. A pack is a pure function of its documents.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace lethe::data {

// One tokenised sample: the tokens from `prompt_tokens` on are scored (the answer and its end of sequence).
// Non-owning.
struct Document {
  std::span<const std::int32_t> ids;
  std::int64_t prompt_tokens = 0;
  std::int64_t scored_tokens() const noexcept {  // token 0 is never scored: nothing predicts it
    const auto first = prompt_tokens > 0 ? prompt_tokens : 1;
    return static_cast<std::int64_t>(ids.size()) > first ? static_cast<std::int64_t>(ids.size()) - first : 0;
  }
};

struct Pack {
  std::vector<std::int64_t> ids;               // [tokens]
  std::vector<std::int64_t> positions;         // [tokens], restarting at 0 in every document
  std::vector<std::int64_t> document_offsets;  // [documents + 1], into ids
  std::vector<std::int64_t> scored_rows;       // [scored]: row of the stream whose output predicts the target
  std::vector<std::int64_t> targets;           // [scored]
  std::vector<std::int64_t> scored_offsets;    // [documents + 1], into targets

  std::int64_t num_tokens() const noexcept { return static_cast<std::int64_t>(ids.size()); }
  std::int64_t num_scored() const noexcept { return static_cast<std::int64_t>(targets.size()); }
  std::int64_t num_documents() const noexcept {
    return static_cast<std::int64_t>(document_offsets.size()) - 1;
  }
};

[[nodiscard]] Pack make_pack(std::span<const Document> documents);

}  // namespace lethe::data
