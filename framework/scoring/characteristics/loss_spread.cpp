// Standard deviation of the loss over a sample's tokens, nats: a few surprising words among certain ones, or
// an even spread.
#include "framework/base/statistics.h"
#include "framework/scoring/characteristic.h"

namespace lethe::scoring::characteristics::loss_spread_entry {

std::vector<double> make(const Inputs& inputs) {
  std::vector<double> values;
  for (std::size_t i = 0; i < inputs.forget.size(); ++i)
    values.push_back(base::standard_deviation(inputs.log_probs->of(static_cast<std::int64_t>(i))));
  return values;
}

}  // namespace lethe::scoring::characteristics::loss_spread_entry
