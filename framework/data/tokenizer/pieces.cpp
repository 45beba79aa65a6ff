#include "framework/data/tokenizer/pieces.h"

#include <algorithm>

#include "framework/base/error.h"

namespace lethe::data {
namespace {

std::vector<Range> merge_forward(const std::vector<Range>& ranges, SplitBehavior behavior) {
  std::vector<Range> parts;
  bool previous_match = false;
  for (const Range& range : ranges) {
    const bool joins = behavior == SplitBehavior::contiguous ? range.match == previous_match
                                                             : range.match && !previous_match;
    if (joins && !parts.empty())
      parts.back().end = range.end;
    else
      parts.push_back(range);
    previous_match = range.match;
  }
  return parts;
}

std::vector<Range> merge_backward(const std::vector<Range>& ranges) {
  std::vector<Range> parts;
  bool previous_match = false;
  for (auto range = ranges.rbegin(); range != ranges.rend(); ++range) {
    if (range->match && !previous_match && !parts.empty())
      parts.back().begin = range->begin;
    else
      parts.push_back(*range);
    previous_match = range->match;
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

}  // namespace

SplitBehavior split_behavior(std::string_view word) {
  if (word == "Removed") return SplitBehavior::removed;
  if (word == "Isolated") return SplitBehavior::isolated;
  if (word == "MergedWithPrevious") return SplitBehavior::merged_with_previous;
  if (word == "MergedWithNext") return SplitBehavior::merged_with_next;
  if (word == "Contiguous") return SplitBehavior::contiguous;
  fail("tokenizer.component", fmt::format("split behavior {} is not supported", word));
}

std::vector<Range> ranges_of(std::string_view text, bool invert,
                             const std::function<void(const Visit&)>& for_each_match) {
  std::vector<Range> ranges;
  std::size_t at = 0;
  for_each_match([&](std::size_t begin, std::size_t end) {
    if (at != begin) ranges.push_back({at, begin, invert});
    ranges.push_back({begin, end, !invert});
    at = end;
  });
  if (at != text.size()) ranges.push_back({at, text.size(), invert});
  return ranges;
}

std::vector<Range> merge_ranges(const std::vector<Range>& ranges, SplitBehavior behavior) {
  switch (behavior) {
    case SplitBehavior::isolated:
      return ranges;
    case SplitBehavior::removed: {
      std::vector<Range> parts;
      std::copy_if(ranges.begin(), ranges.end(), std::back_inserter(parts),
                   [](const Range& r) { return !r.match; });
      return parts;
    }
    case SplitBehavior::merged_with_next:
      return merge_backward(ranges);
    default:
      return merge_forward(ranges, behavior);
  }
}

void append_parts(const Piece& piece, const std::vector<Range>& parts, std::vector<Piece>& out) {
  for (const Range& part : parts)
    if (part.end > part.begin)
      out.push_back({.text = piece.text.substr(part.begin, part.end - part.begin),
                     .at_start = piece.at_start && part.begin == 0});
}

}  // namespace lethe::data
