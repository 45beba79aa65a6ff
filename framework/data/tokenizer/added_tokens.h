// Added tokens of tokenizer.json: texts that are one token wherever they stand, found before normalisation or
// after it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "framework/data/tokenizer/json_file.h"
#include "framework/data/tokenizer/normalizer.h"
#include "framework/data/tokenizer/pieces.h"
#include "framework/data/tokenizer/vocabulary.h"

namespace lethe::data {

struct AddedToken {
  std::int32_t id = 0;
  std::string content;
  std::string pattern;  // what is searched for and what is decoded: the content, normalised if `normalized`
  bool special = false, single_word = false, left_strip = false, right_strip = false, normalized = false;
};

// Finds the longest of some texts at a place.
class TextTrie {
 public:
  void add(std::string_view text, const AddedToken* token);
  // The token whose text is the longest prefix of text.substr(at); nullptr if none is.
  [[nodiscard]] const AddedToken* longest(std::string_view text, std::size_t at) const;
  [[nodiscard]] bool empty() const noexcept { return nodes_.size() == 1; }

 private:
  struct Node {
    std::vector<std::pair<unsigned char, std::int32_t>> children;
    const AddedToken* token = nullptr;
  };
  [[nodiscard]] std::int32_t child(std::int32_t node, unsigned char byte) const;
  std::vector<Node> nodes_ = std::vector<Node>(1);
};

class AddedTokens {
 public:
  // Errors: tokenizer.id when an id is not the one that the vocabulary gives the token, or leaves a gap.
  AddedTokens(Json tokenizer, const Vocabulary& vocabulary, const Normalizer* normalizer);

  // The text as added tokens (Piece::token) and normalised pieces between them.
  [[nodiscard]] std::vector<Piece> extract(std::string_view text, const Normalizer* normalizer) const;

  [[nodiscard]] const AddedToken* find(std::int32_t id) const;
  [[nodiscard]] const AddedToken* find(std::string_view content) const;
  [[nodiscard]] std::int64_t beyond_vocabulary() const noexcept { return beyond_vocabulary_; }

 private:
  static void split(const TextTrie& trie, const Piece& piece, std::vector<Piece>& out);

  std::map<std::int32_t, AddedToken> tokens_;  // by id; nodes do not move, so the tries may point into it
  TextTrie raw_, normalized_;
  std::int64_t beyond_vocabulary_ = 0;
};

}  // namespace lethe::data
