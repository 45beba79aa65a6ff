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
  std::int32_t unseen_id = -1;                   // a token that nobody attends to; -1: none
  std::int64_t scored_tokens() const noexcept {  // token 0 is never scored: nothing predicts it
    const auto first = prompt_tokens > 0 ? prompt_tokens : 1;
    return static_cast<std::int64_t>(ids.size()) > first ? static_cast<std::int64_t>(ids.size()) - first : 0;
  }
};

// Which positions of a document are read, each by the row of the stream that belongs to it.
enum class Rows : std::uint8_t {
  answer,        // the rows that predict the scored tokens
  inputs,        // the rows of the scored tokens themselves
  all_but_last,  // every row that predicts something, prompt and padding too
  all            // every row
};

// How a document is packed when it is read otherwise than by its answer.
struct RowChoice {
  Rows rows = Rows::answer;
  std::int64_t skip = 0;               // of the scored tokens, the first ones left out
  std::int64_t padded_to = 0;          // tokens; padding is packed as tokens that nobody attends to
  std::int32_t pad_id = 0;             // what padding looks like
  std::int64_t unlabelled_target = 0;  // the target of rows that predict no scored token
};

struct Pack {
  std::vector<std::int64_t> ids;               // [tokens]
  std::vector<std::int64_t> positions;         // [tokens], restarting at 0 in every document
  std::vector<std::int64_t> document_offsets;  // [documents + 1], into ids
  std::vector<std::int64_t> scored_rows;       // [scored]: row of the stream whose output predicts the target
  std::vector<std::int64_t> targets;           // [scored]
  std::vector<std::int64_t> scored_offsets;    // [documents + 1], into targets
  std::vector<std::uint8_t> unseen;            // [tokens]: 1 where nobody attends; empty where all are seen

  std::int64_t num_tokens() const noexcept { return static_cast<std::int64_t>(ids.size()); }
  std::int64_t num_scored() const noexcept { return static_cast<std::int64_t>(targets.size()); }
  std::int64_t num_documents() const noexcept {
    return static_cast<std::int64_t>(document_offsets.size()) - 1;
  }
};

[[nodiscard]] Pack make_pack(std::span<const Document> documents);
// choices: one for each document.
[[nodiscard]] Pack make_pack(std::span<const Document> documents, std::span<const RowChoice> choices);
// How many rows of a document are read.
[[nodiscard]] std::int64_t num_rows(const Document& document, const RowChoice& choice);

constexpr std::int64_t kPackTokens = 1024;

// Consecutive documents into an even number of packs of about equal size (one, where tokens are few), as
// numbers of documents. A pure function of the documents, so that what is computed together does not depend
// on the world. A document longer than max_tokens has a pack of its own.
[[nodiscard]] std::vector<std::vector<std::int64_t>> packs_of(std::span<const Document> documents,
                                                              std::int64_t max_tokens = kPackTokens);

}  // namespace lethe::data
