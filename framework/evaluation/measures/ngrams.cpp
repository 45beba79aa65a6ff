#include "framework/evaluation/measures/ngrams.h"

#include <cmath>
#include <map>
#include <vector>

namespace lethe::evaluation {

double entropy_of_ngrams(std::span<const std::string> words, std::size_t n) {
  if (words.size() < n) return 0;
  std::map<std::vector<std::string>, std::size_t> counts;
  const std::size_t total = words.size() - n + 1;
  for (std::size_t i = 0; i < total; ++i) {
    const auto gram = words.subspan(i, n);
    ++counts[{gram.begin(), gram.end()}];
  }
  double entropy = 0;
  for (const auto& [gram, count] : counts) {
    const double share = static_cast<double>(count) / static_cast<double>(total);
    entropy -= share * std::log2(share);
  }
  return entropy;
}

}  // namespace lethe::evaluation
