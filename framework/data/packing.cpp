#include "framework/data/packing.h"

namespace lethe::data {
namespace {

void append(Pack& pack, const Document& document) {
  const std::int64_t start = pack.num_tokens();
  const auto length = static_cast<std::int64_t>(document.ids.size());
  for (std::int64_t i = 0; i < length; ++i) {
    pack.ids.push_back(document.ids[i]);
    pack.positions.push_back(i);
  }
  for (std::int64_t i = length - document.scored_tokens(); i < length; ++i) {
    pack.scored_rows.push_back(start + i - 1);
    pack.targets.push_back(document.ids[i]);
  }
  pack.document_offsets.push_back(pack.num_tokens());
  pack.scored_offsets.push_back(pack.num_scored());
}

}  // namespace

Pack make_pack(std::span<const Document> documents) {
  Pack pack;
  pack.document_offsets.push_back(0);
  pack.scored_offsets.push_back(0);
  for (const Document& document : documents) append(pack, document);
  return pack;
}

}  // namespace lethe::data
