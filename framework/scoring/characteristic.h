// What else is known of a forget sample, beside its score: numbers that may explain what makes it hard. One
// characteristic, one file in characteristics/; its name is what tables and records say.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/scoring/walked_model.h"

namespace lethe::scoring::characteristics {

// Of both sets, in sample order; the same on every rank. Must outlive the call.
struct Inputs {
  std::span<const data::Document> forget, retain;
  std::span<const std::string_view> answers;  // of the forget set, as written
  const inference::TokenLogProbs* log_probs;  // of the forget set, under the weights as they are
  // For characteristics that run the model; collective.
  walk::BlockWalk* walk = nullptr;
  sharding::WeightStore* weights = nullptr;
  dist::ProcessGroup* world = nullptr;
};

// One value a forget sample. Collective where it runs the model.
using Make = std::vector<double>(const Inputs& inputs);
struct Entry {
  std::string_view name;
  Make* make;
};
[[nodiscard]] std::span<const Entry> registry();

}  // namespace lethe::scoring::characteristics
