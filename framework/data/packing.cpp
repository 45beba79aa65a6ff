#include "framework/data/packing.h"

#include <algorithm>

namespace lethe::data {
namespace {

struct RowRange {  // inside a document: its rows and, one on, the tokens they predict
  std::int64_t first = 0, last = 0;
};

RowRange rows_of(const Document& document, const RowChoice& choice) {
  const auto length = static_cast<std::int64_t>(document.ids.size());
  const std::int64_t padded = std::max(length, choice.padded_to);
  const std::int64_t first_scored =
      std::min(length, length - document.scored_tokens() + (document.scored_tokens() > 0 ? choice.skip : 0));
  switch (choice.rows) {
    case Rows::answer:
      return {first_scored - 1, length - 1};
    case Rows::inputs:
      return {first_scored, length};
    case Rows::all_but_last:
      return {0, std::max<std::int64_t>(padded - 1, 0)};
    case Rows::all:
      return {0, padded};
  }
  return {};
}

void append_tokens(Pack& pack, const Document& document, const RowChoice& choice) {
  const auto length = static_cast<std::int64_t>(document.ids.size());
  for (std::int64_t i = 0; i < std::max(length, choice.padded_to); ++i) {
    const std::int32_t id = i < length ? document.ids[i] : choice.pad_id;
    pack.ids.push_back(id);
    pack.positions.push_back(i);
    pack.unseen.push_back(i >= length || id == document.unseen_id ? 1 : 0);
  }
}

void append(Pack& pack, const Document& document, const RowChoice& choice) {
  const std::int64_t start = pack.num_tokens();
  append_tokens(pack, document, choice);
  const auto length = static_cast<std::int64_t>(document.ids.size());
  const RowRange rows = rows_of(document, choice);
  for (std::int64_t i = rows.first; i < rows.last; ++i) {
    const bool labelled = i + 1 < length && i + 1 >= length - document.scored_tokens();
    pack.scored_rows.push_back(start + i);
    pack.targets.push_back(labelled ? document.ids[i + 1] : choice.unlabelled_target);
  }
  pack.document_offsets.push_back(pack.num_tokens());
  pack.scored_offsets.push_back(pack.num_scored());
}

}  // namespace

Pack make_pack(std::span<const Document> documents) {
  return make_pack(documents, std::vector<RowChoice>(documents.size()));
}

Pack make_pack(std::span<const Document> documents, std::span<const RowChoice> choices) {
  Pack pack;
  pack.document_offsets.push_back(0);
  pack.scored_offsets.push_back(0);
  for (std::size_t d = 0; d < documents.size(); ++d) append(pack, documents[d], choices[d]);
  // Without a hidden token attention needs no mask.
  if (std::ranges::find(pack.unseen, 1) == pack.unseen.end()) pack.unseen.clear();
  return pack;
}

std::int64_t num_rows(const Document& document, const RowChoice& choice) {
  const RowRange rows = rows_of(document, choice);
  return std::max<std::int64_t>(rows.last - rows.first, 0);
}

namespace {

constexpr std::int64_t kWorthSharing =
    512;  // tokens: below, a second pack costs more than a second rank saves

// As few packs as hold them, but an even number: two ranks then take equal shares, and so, nearly, do more.
std::int64_t number_of_packs(std::int64_t tokens, std::int64_t max_tokens) {
  const std::int64_t fewest = (tokens + max_tokens - 1) / max_tokens;
  return fewest > 1 || tokens >= kWorthSharing ? (std::max<std::int64_t>(fewest, 2) + 1) / 2 * 2 : 1;
}

}  // namespace

std::vector<std::vector<std::int64_t>> packs_of(std::span<const Document> documents,
                                                std::int64_t max_tokens) {
  std::int64_t total = 0;
  for (const Document& document : documents) total += static_cast<std::int64_t>(document.ids.size());
  const std::int64_t packs_wanted = number_of_packs(total, max_tokens);
  std::vector<std::vector<std::int64_t>> packs;
  std::int64_t before = 0, tokens = 0, share = -1;
  for (std::size_t d = 0; d < documents.size(); ++d) {
    const auto length = static_cast<std::int64_t>(documents[d].ids.size());
    const std::int64_t own_share = (2 * before + length) * packs_wanted /
                                   (2 * std::max<std::int64_t>(total, 1));  // where its middle lies
    if (own_share != share || tokens + length > max_tokens) packs.emplace_back(), tokens = 0;
    share = own_share;
    packs.back().push_back(static_cast<std::int64_t>(d));
    before += length, tokens += length;
  }
  return packs;
}

}  // namespace lethe::data
