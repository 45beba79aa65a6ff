// Mean of -log(share) of a sample's scored tokens, nats, where a token's share is taken over both sets.
#include <cmath>
#include <unordered_map>

#include "framework/scoring/characteristic.h"

namespace lethe::scoring::characteristics::token_rarity_entry {

std::vector<double> make(const Inputs& inputs) {
  std::unordered_map<std::int32_t, double> counts;
  double total = 0;
  for (const auto& set : {inputs.forget, inputs.retain}) {
    for (const data::Document& document : set) {
      for (const std::int32_t id : document.ids) counts[id] += 1;
      total += static_cast<double>(document.ids.size());
    }
  }
  std::vector<double> values;
  for (const data::Document& document : inputs.forget) {
    const std::int64_t scored = document.scored_tokens();
    double sum = 0;
    for (const std::int32_t id : document.ids.last(static_cast<std::size_t>(scored)))
      sum -= std::log(counts[id] / total);
    values.push_back(sum / static_cast<double>(scored));
  }
  return values;
}

}  // namespace lethe::scoring::characteristics::token_rarity_entry
