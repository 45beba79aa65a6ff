#include "framework/data/tokenizer/added_tokens.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data {
namespace {

AddedToken read_added_token(Json item) {
  AddedToken token;
  token.content = text_member(item, "content", "");
  const auto id = integer_member(item, "id");
  if (!id || *id < 0 || *id > INT32_MAX)
    fail("tokenizer.id", fmt::format("added token \"{}\" has no valid id", token.content));
  token.id = static_cast<std::int32_t>(*id);
  token.special = flag_member(item, "special", false);
  token.single_word = flag_member(item, "single_word", false);
  token.left_strip = flag_member(item, "lstrip", false);
  token.right_strip = flag_member(item, "rstrip", false);
  token.normalized = flag_member(item, "normalized", true);
  token.pattern = token.content;
  return token;
}

bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
  std::size_t before = begin, after = end;
  if (begin > 0 && is_word(previous_code_point(text, before))) return false;
  return end == text.size() || !is_word(next_code_point(text, after));
}

std::size_t skip_space_left(std::string_view text, std::size_t begin, std::size_t lowest) {
  for (std::size_t at = begin; at > lowest && is_white_space(previous_code_point(text, at));) begin = at;
  return begin;
}

std::size_t skip_space_right(std::string_view text, std::size_t end) {
  for (std::size_t at = end; at < text.size() && is_white_space(next_code_point(text, at));) end = at;
  return end;
}

}  // namespace

std::int32_t TextTrie::child(std::int32_t node, unsigned char byte) const {
  for (const auto& [key, target] : nodes_[static_cast<std::size_t>(node)].children)
    if (key == byte) return target;
  return -1;
}

void TextTrie::add(std::string_view text, const AddedToken* token) {
  std::int32_t node = 0;
  for (const char c : text) {
    std::int32_t next = child(node, static_cast<unsigned char>(c));
    if (next < 0) {
      next = static_cast<std::int32_t>(nodes_.size());
      nodes_[static_cast<std::size_t>(node)].children.emplace_back(static_cast<unsigned char>(c), next);
      nodes_.emplace_back();
    }
    node = next;
  }
  nodes_[static_cast<std::size_t>(node)].token = token;
}

const AddedToken* TextTrie::longest(std::string_view text, std::size_t at) const {
  const AddedToken* found = nullptr;
  std::int32_t node = 0;
  while (at < text.size() && (node = child(node, static_cast<unsigned char>(text[at++]))) >= 0)
    if (nodes_[static_cast<std::size_t>(node)].token != nullptr)
      found = nodes_[static_cast<std::size_t>(node)].token;
  return found;
}

AddedTokens::AddedTokens(Json tokenizer, const Vocabulary& vocabulary, const Normalizer* normalizer) {
  if (!member(tokenizer, "added_tokens")) return;
  // The tokenizers package ignores the ids of the file: a token of the vocabulary keeps its id, the others
  // follow it.
  for (const Json item : array_member(tokenizer, "added_tokens")) {
    AddedToken token = read_added_token(item);
    if (token.content.empty()) continue;
    const auto known = vocabulary.id(token.content);
    const std::int64_t expected = known ? *known : vocabulary.size() + beyond_vocabulary_++;
    if (token.id != expected)
      fail("tokenizer.id",
           fmt::format("added token \"{}\" has id {}, but {} gives {}", token.content, token.id,
                       known ? "the vocabulary" : "its place after the vocabulary", expected));
    if (token.normalized && normalizer != nullptr) normalizer->normalize(token.pattern);
    const auto [entry, is_new] = tokens_.emplace(token.id, std::move(token));
    if (!is_new)
      fail("tokenizer.id", fmt::format("id {} used by \"{}\" twice", entry->first, entry->second.content));
  }
  for (const auto& [id, token] : tokens_) (token.normalized ? normalized_ : raw_).add(token.pattern, &token);
}

std::vector<Piece> AddedTokens::extract(std::string_view text, const Normalizer* normalizer) const {
  std::vector<Piece> raw, pieces;
  split(raw_, {.text = std::string(text), .at_start = true}, raw);
  for (Piece& piece : raw) {
    if (piece.token >= 0) {
      pieces.push_back(std::move(piece));
      continue;
    }
    if (normalizer != nullptr) normalizer->normalize(piece.text);
    split(normalized_, piece, pieces);
  }
  return pieces;
}

// The leftmost, then the longest; a match that single_word refuses is passed over as a whole.
void AddedTokens::split(const TextTrie& trie, const Piece& piece, std::vector<Piece>& out) {
  const std::string_view text = piece.text;
  std::size_t done = 0;
  for (std::size_t at = 0; !trie.empty() && at < text.size();) {
    const AddedToken* token = trie.longest(text, at);
    if (token == nullptr) {
      ++at;
      continue;
    }
    std::size_t begin = at, end = at = at + token->pattern.size();
    if (token->single_word && !stands_alone(text, begin, end)) continue;
    if (token->left_strip) begin = std::max(done, skip_space_left(text, begin, 0));
    if (token->right_strip) end = skip_space_right(text, end);
    if (done < begin) append_parts(piece, {{done, begin, false}}, out);
    out.push_back({.text = token->content, .token = token->id});
    done = end;
  }
  if (done < text.size()) append_parts(piece, {{done, text.size(), false}}, out);
}

const AddedToken* AddedTokens::find(std::int32_t id) const {
  const auto found = tokens_.find(id);
  return found == tokens_.end() ? nullptr : &found->second;
}

const AddedToken* AddedTokens::find(std::string_view content) const {
  const auto found = std::find_if(tokens_.begin(), tokens_.end(),
                                  [&](const auto& entry) { return entry.second.content == content; });
  return found == tokens_.end() ? nullptr : &found->second;
}

}  // namespace lethe::data
