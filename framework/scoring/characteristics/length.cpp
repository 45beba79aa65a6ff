// Scored tokens. MRD is a sum over them, so most of its ranking is length unless the mode is `mean`.
#include "framework/scoring/characteristic.h"

namespace lethe::scoring::characteristics::length_entry {

std::vector<double> make(const Inputs& inputs) {
  std::vector<double> values;
  for (const data::Document& document : inputs.forget)
    values.push_back(static_cast<double>(document.scored_tokens()));
  return values;
}

}  // namespace lethe::scoring::characteristics::length_entry
