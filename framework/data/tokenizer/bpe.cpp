#include "framework/data/tokenizer/bpe.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data {
namespace {

constexpr std::size_t kShortWord = 32;  // symbols; below it a scan for the best pair is faster than a queue

std::uint64_t pair_key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint64_t>(static_cast<std::uint32_t>(left)) << 32 |
         static_cast<std::uint32_t>(right);
}

// What `tokenizers` would do with these options is not what lethe does, so they are refused.
void refuse_options(Json model) {
  if (const auto type = text_member(model, "type", "BPE"); type != "BPE") refuse_component("model", type);
  for (const char* key : {"continuing_subword_prefix", "end_of_word_suffix"})
    if (!text_member(model, key, "").empty()) refuse_component("model BPE with", key);
  const auto dropout = member(model, "dropout");
  double value = 0;
  if (dropout && (dropout->get(value) || value != 0)) refuse_component("model BPE with", "dropout");
}

}  // namespace

Bpe::Bpe(Json model) {
  refuse_options(model);
  read_vocabulary(model);
  read_merges(model);
  fuse_unknown_ = flag_member(model, "fuse_unk", false);
  ignore_merges_ = flag_member(model, "ignore_merges", false);
  if (const auto unknown = text_member(model, "unk_token", ""); !unknown.empty()) {
    unknown_ = vocabulary_.id(unknown);
    if (!unknown_) fail("tokenizer.id", fmt::format("unk_token \"{}\" is not in the vocabulary", unknown));
  }
  if (!flag_member(model, "byte_fallback", false)) return;
  for (int byte = 0; byte < 256; ++byte)
    byte_ids_.push_back(vocabulary_.id(fmt::format("<0x{:02X}>", byte)).value_or(-1));
}

void Bpe::read_vocabulary(Json model) {
  const auto vocabulary = member(model, "vocab");
  simdjson::dom::object tokens;
  if (!vocabulary || vocabulary->get(tokens)) fail("tokenizer.json", "`vocab` is not an object");
  vocabulary_.reserve(tokens.size());
  for (const auto& [token, id] : tokens) {
    std::int64_t number = 0;
    if (id.get(number)) fail("tokenizer.id", fmt::format("the id of token \"{}\" is not an integer", token));
    vocabulary_.add(token, number);
  }
}

void Bpe::read_merges(Json model) {
  std::int32_t rank = 0;
  const auto list = array_member(model, "merges");
  merges_.reserve(list.size());
  for (const Json merge : list) {
    std::string_view text;
    simdjson::dom::array pair;
    std::string_view left, right;
    if (!merge.get(text)) {
      if (text.starts_with("#version")) continue;
      const auto space = text.find(' ');
      const bool two = space != std::string_view::npos && text.find(' ', space + 1) == std::string_view::npos;
      if (!two) fail("tokenizer.merge", fmt::format("merge {} (\"{}\") is not a pair", rank, text));
      left = text.substr(0, space), right = text.substr(space + 1);
    } else if (merge.get(pair) || pair.size() != 2 || pair.at(0).get(left) || pair.at(1).get(right)) {
      fail("tokenizer.merge", fmt::format("merge {} is not a pair", rank));
    }
    add_merge(rank++, left, right);
  }
}

void Bpe::add_merge(std::int32_t rank, std::string_view left, std::string_view right) {
  const auto left_id = vocabulary_.id(left), right_id = vocabulary_.id(right);
  const auto merged = vocabulary_.id(std::string(left).append(right));
  if (!left_id || !right_id || !merged)
    fail("tokenizer.merge", fmt::format("merge {} (\"{}\" \"{}\") makes no token", rank, left, right));
  merges_[pair_key(*left_id, *right_id)] = {rank, *merged};
}

void Bpe::encode(std::string_view word, std::vector<std::int32_t>& ids) const {
  if (ignore_merges_) {
    if (const auto whole = vocabulary_.id(word)) return ids.push_back(*whole);
  }
  std::vector<std::int32_t> symbols = characters(word);
  symbols.size() <= kShortWord ? merge_short(symbols) : merge_long(symbols);
  ids.insert(ids.end(), symbols.begin(), symbols.end());
}

// One symbol a character. Unknown characters become unk_token, a run of them one if fuse_unk; as in the
// tokenizers package a run is written when the next known character (not a byte fallback) or the end comes.
std::vector<std::int32_t> Bpe::characters(std::string_view word) const {
  std::vector<std::int32_t> symbols;
  symbols.reserve(word.size());
  bool pending = false;
  for (std::size_t at = 0; at < word.size();) {
    const std::size_t begin = at;
    (void)next_code_point(word, at);
    const auto character = word.substr(begin, at - begin);
    if (const auto id = vocabulary_.id(character)) {
      if (std::exchange(pending, false)) symbols.push_back(*unknown_);
      symbols.push_back(*id);
    } else if (fall_back_to_bytes(character, symbols)) {
      continue;
    } else if (unknown_) {
      if (pending && !fuse_unknown_) symbols.push_back(*unknown_);
      pending = true;
    } else {
      base::warn_here("tokenizer.unknown",
                      "the tokenizer has no token for some characters; they are left out");
    }
  }
  if (pending) symbols.push_back(*unknown_);
  return symbols;
}

bool Bpe::fall_back_to_bytes(std::string_view character, std::vector<std::int32_t>& ids) const {
  if (byte_ids_.empty()) return false;
  const auto id_of = [&](char byte) { return byte_ids_[static_cast<unsigned char>(byte)]; };
  if (std::any_of(character.begin(), character.end(), [&](char byte) { return id_of(byte) < 0; }))
    return false;
  for (const char byte : character) ids.push_back(id_of(byte));
  return true;
}

const Merge* Bpe::find_merge(std::int32_t left, std::int32_t right) const {
  const auto found = merges_.find(pair_key(left, right));
  return found == merges_.end() ? nullptr : &found->second;
}

}  // namespace lethe::data
