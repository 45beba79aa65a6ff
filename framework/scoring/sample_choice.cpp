#include "framework/scoring/sample_choice.h"

#include <numeric>

namespace lethe::scoring {

std::vector<std::int64_t> named_or_all(std::span<const std::int64_t> named, std::size_t count) {
  std::vector<std::int64_t> samples(named.begin(), named.end());
  if (!samples.empty()) return samples;
  samples.resize(count);
  std::iota(samples.begin(), samples.end(), 0);
  return samples;
}

std::vector<data::Document> documents_of(std::span<const data::Document> documents,
                                         std::span<const std::int64_t> samples) {
  std::vector<data::Document> chosen;
  for (const std::int64_t sample : samples) chosen.push_back(documents[static_cast<std::size_t>(sample)]);
  return chosen;
}

}  // namespace lethe::scoring
