// The merging of one word's symbols: always the pair of the lowest rank, the leftmost of equal ones.
#include <queue>

#include "framework/data/tokenizer/bpe.h"

namespace lethe::data {
namespace {

struct Candidate {
  std::int32_t rank, left;
  std::int32_t id;  // what the pair becomes; stale when the symbols there make something else by now
  bool operator>(const Candidate& other) const {
    return rank != other.rank ? rank > other.rank : left > other.left;
  }
};

// Symbols as a doubly linked list over their first places, so that a merge costs O(1).
struct Links {
  std::vector<std::int32_t> next, previous;
  explicit Links(std::int32_t count) : next(static_cast<std::size_t>(count)), previous(next.size()) {
    for (std::int32_t i = 0; i < count; ++i) next[i] = i + 1 < count ? i + 1 : -1, previous[i] = i - 1;
  }
  void remove(std::int32_t i) {
    if (previous[i] >= 0) next[previous[i]] = next[i];
    if (next[i] >= 0) previous[next[i]] = previous[i];
  }
};

}  // namespace

void Bpe::merge_short(std::vector<std::int32_t>& symbols) const {
  while (symbols.size() > 1) {
    const Merge* best = nullptr;
    std::size_t place = 0;
    for (std::size_t i = 0; i + 1 < symbols.size(); ++i) {
      const Merge* merge = find_merge(symbols[i], symbols[i + 1]);
      if (merge != nullptr && (best == nullptr || merge->rank < best->rank)) best = merge, place = i;
    }
    if (best == nullptr) return;
    symbols[place] = best->id;
    symbols.erase(symbols.begin() + static_cast<std::ptrdiff_t>(place) + 1);
  }
}

void Bpe::merge_long(std::vector<std::int32_t>& symbols) const {
  Links links(static_cast<std::int32_t>(symbols.size()));
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](std::int32_t left) {
    if (left < 0 || links.next[left] < 0) return;
    if (const Merge* merge = find_merge(symbols[left], symbols[links.next[left]]))
      queue.push({merge->rank, left, merge->id});
  };
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(symbols.size()); ++i) consider(i);
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    const std::int32_t right = symbols[best.left] < 0 ? -1 : links.next[best.left];
    const Merge* merge = right < 0 ? nullptr : find_merge(symbols[best.left], symbols[right]);
    if (merge == nullptr || merge->id != best.id) continue;
    symbols[best.left] = merge->id;
    symbols[right] = -1;
    links.remove(right);
    consider(links.previous[best.left]);
    consider(best.left);
  }
  std::erase(symbols, -1);
}

}  // namespace lethe::data
