#include "framework/scoring/ngram_overlap.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

namespace lethe::scoring {
namespace {

using Gram = std::array<std::int32_t, 3>;

std::set<Gram> grams_of(const data::Document& document) {
  const auto scored = document.ids.last(static_cast<std::size_t>(document.scored_tokens()));
  std::set<Gram> grams;
  for (std::size_t t = 0; t + 3 <= scored.size(); ++t)
    grams.insert({scored[t], scored[t + 1], scored[t + 2]});
  return grams;
}

}  // namespace

std::vector<double> largest_overlap(std::span<const data::Document> of, std::span<const data::Document> in,
                                    bool same_set) {
  std::map<Gram, std::vector<std::size_t>> holders;
  for (std::size_t d = 0; d < in.size(); ++d) {
    for (const Gram& gram : grams_of(in[d])) holders[gram].push_back(d);
  }
  std::vector<double> shares;
  for (std::size_t i = 0; i < of.size(); ++i) {
    const std::set<Gram> grams = grams_of(of[i]);
    std::map<std::size_t, std::size_t> shared;  // by document of `in`
    std::size_t most = 0;
    for (const Gram& gram : grams) {
      const auto found = holders.find(gram);
      if (found == holders.end()) continue;
      for (const std::size_t d : found->second) {
        if (!(same_set && d == i)) most = std::max(most, ++shared[d]);
      }
    }
    shares.push_back(grams.empty() ? 0.0 : static_cast<double>(most) / static_cast<double>(grams.size()));
  }
  return shares;
}

}  // namespace lethe::scoring
