#include "framework/sampling/draw.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "framework/base/error.h"

namespace lethe::sampling {
namespace {

// The upper half of the 24-bit refresh word keeps permutations apart from draws.
constexpr std::uint32_t kPermutations = 1u << 23;

base::StreamKey words_of(const DrawKey& key, std::uint32_t use) {
  return {.seed = key.seed,
          .stream = key.stream,
          .draw = static_cast<std::uint32_t>(key.step),
          .refresh = use | static_cast<std::uint32_t>(key.step >> 32)};
}

struct Candidate {
  bool weighted;
  double key;
  std::int64_t id;
  bool operator<(const Candidate& other) const {  // "comes before"
    if (weighted != other.weighted) return weighted;
    return key != other.key ? key > other.key : id < other.id;
  }
};

}  // namespace

std::vector<std::int64_t> draw_with_replacement(std::span<const double> probability, std::int64_t size,
                                                const DrawKey& key) {
  LETHE_CHECK(!probability.empty(), "a draw from no sample");
  std::vector<double> prefix(probability.size());
  std::partial_sum(probability.begin(), probability.end(), prefix.begin());
  // Rounding can leave u x total at the very end: it then belongs to the first id that reaches the total.
  const auto end = std::lower_bound(prefix.begin(), prefix.end(), prefix.back());
  std::vector<std::int64_t> ids(static_cast<std::size_t>(size));
  for (std::size_t slot = 0; slot < ids.size(); ++slot) {
    const double at = base::uniform(words_of(key, 0), slot) * prefix.back();
    ids[slot] = std::min(std::upper_bound(prefix.begin(), prefix.end(), at), end) - prefix.begin();
  }
  return ids;
}

std::vector<std::int64_t> draw_without_replacement(std::span<const double> probability, std::int64_t size,
                                                   const DrawKey& key) {
  const auto count = static_cast<std::int64_t>(probability.size());
  if (size > count) {
    fail("config.range",
         fmt::format("a batch of {} without replacement needs as many samples, got {}", size, count),
         "make the batch smaller, or set replacement: true");
  }
  std::vector<Candidate> candidates(probability.size());
  for (std::int64_t id = 0; id < count; ++id) {
    const double noise =
        -std::log(-std::log(base::uniform(words_of(key, 0), static_cast<std::uint64_t>(id))));
    const bool weighted = probability[id] > 0;
    candidates[id] = {weighted, (weighted ? std::log(probability[id]) : 0) + noise, id};
  }
  std::partial_sort(candidates.begin(), candidates.begin() + size, candidates.end());
  std::vector<std::int64_t> ids(static_cast<std::size_t>(size));
  std::transform(candidates.begin(), candidates.begin() + size, ids.begin(),
                 [](const Candidate& c) { return c.id; });
  return ids;
}

std::vector<std::int64_t> permutation(std::int64_t count, const DrawKey& epoch) {
  std::vector<std::pair<std::uint64_t, std::int64_t>> order(static_cast<std::size_t>(count));
  for (std::int64_t id = 0; id < count; ++id) {
    const auto words = base::random_words(words_of(epoch, kPermutations), static_cast<std::uint64_t>(id));
    order[id] = {std::uint64_t{words[0]} << 32 | words[1], id};
  }
  std::sort(order.begin(), order.end());
  std::vector<std::int64_t> ids(order.size());
  std::transform(order.begin(), order.end(), ids.begin(), [](const auto& entry) { return entry.second; });
  return ids;
}

}  // namespace lethe::sampling
