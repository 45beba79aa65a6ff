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

}  // namespace lethe::data
