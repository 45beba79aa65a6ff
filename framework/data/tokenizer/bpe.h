// The byte-pair model of tokenizer.json: a word's characters, merged pair by pair in the order of the merge
// list.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "framework/data/tokenizer/json_file.h"
#include "framework/data/tokenizer/vocabulary.h"

namespace lethe::data {

struct Merge {
  std::int32_t rank = 0;  // place in the merge list; the lowest goes first
  std::int32_t id = 0;    // what the pair becomes
};

class Bpe {
 public:
  // Errors: tokenizer.component (another model, or an option that lethe does not do), tokenizer.id,
  // tokenizer.merge.
  explicit Bpe(Json model);

  // The ids of one pre-tokenized word, behind `ids`. A character that is neither in the vocabulary nor
  // covered by byte_fallback or unk_token gives nothing, as in the tokenizers package, and is warned about
  // once.
  void encode(std::string_view word, std::vector<std::int32_t>& ids) const;

  [[nodiscard]] const Vocabulary& vocabulary() const noexcept { return vocabulary_; }

 private:
  void read_vocabulary(Json model);
  void read_merges(Json model);
  void add_merge(std::int32_t rank, std::string_view left, std::string_view right);
  std::vector<std::int32_t> characters(std::string_view word) const;
  bool fall_back_to_bytes(std::string_view character, std::vector<std::int32_t>& ids) const;
  const Merge* find_merge(std::int32_t left, std::int32_t right) const;
  void merge_short(std::vector<std::int32_t>& symbols) const;
  void merge_long(std::vector<std::int32_t>& symbols) const;

  Vocabulary vocabulary_;
  std::unordered_map<std::uint64_t, Merge> merges_;  // by (left id << 32 | right id)
  std::vector<std::int32_t> byte_ids_;  // [256] ids of <0x00> … <0xFF>, -1 where absent; empty: no fallback
  std::optional<std::int32_t> unknown_;
  bool fuse_unknown_ = false;
  bool ignore_merges_ = false;
};

}  // namespace lethe::data
