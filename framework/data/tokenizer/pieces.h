// The text on its way to the model: pieces that normalizers rewrite and pre-tokenizers split.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lethe::data {

struct Piece {
  std::string text;
  bool at_start = false;    // begins where the whole text begins
  std::int32_t token = -1;  // an added token: the piece is done
};

// What a splitter found: consecutive ranges that cover a text, each a match or what lies between matches.
struct Range {
  std::size_t begin = 0, end = 0;
  bool match = false;
};

enum class SplitBehavior { removed, isolated, merged_with_previous, merged_with_next, contiguous };

// Errors: tokenizer.component for another word. Words as in tokenizer.json: "Isolated", "MergedWithPrevious",
// …
[[nodiscard]] SplitBehavior split_behavior(std::string_view word);

// Ranges of matches and of gaps from a function that visits the matches in order.
using Visit = std::function<void(std::size_t, std::size_t)>;
[[nodiscard]] std::vector<Range> ranges_of(std::string_view text, bool invert,
                                           const std::function<void(const Visit&)>& for_each_match);

// The ranges that remain, after merging as `behavior` says. As the tokenizers package does it.
[[nodiscard]] std::vector<Range> merge_ranges(const std::vector<Range>& ranges, SplitBehavior behavior);

// Puts the non-empty parts of `piece` behind `out`.
void append_parts(const Piece& piece, const std::vector<Range>& parts, std::vector<Piece>& out);

}  // namespace lethe::data
