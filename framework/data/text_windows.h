// Running text (news, books) as samples: the rows of a file are joined, tokenised once and cut into windows.
// A window's first tokens may repeat the end of the one before: they are context and are not scored again.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/data/jsonl_reader.h"
#include "framework/data/tokenizer/tokenizer.h"

namespace lethe::data {

struct Window {
  std::int64_t first = 0, context = 0, last = 0;  // tokens [first, last), the first `context` not scored
};
// Windows of at most `length` tokens that together score each of `tokens` once. 0 <= overlap < length.
[[nodiscard]] std::vector<Window> windows_of(std::int64_t tokens, std::int64_t length, std::int64_t overlap);

// Rows' texts joined by a blank line, as samples that carry their tokens (with the tokenizer's own beginning
// of sequence): question is the context, answer the rest. OpenUnlearning turns windows back to text and
// tokenises them again, which may move tokens; without overlap the windows are otherwise the same, but for a
// last one of a single token: where the tokenizer puts nothing before it, the token before is its context.
// Errors: data.empty when all texts are empty; tokenizer.regex.
[[nodiscard]] SampleFile cut_windows(const SampleFile& rows, const Tokenizer& tokenizer,
                                     const SourceOptions& source);

}  // namespace lethe::data
