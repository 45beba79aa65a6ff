// Mean negative log-likelihood of a scored token, nats: how well the sample is known.
#include "framework/scoring/characteristic.h"

namespace lethe::scoring::characteristics::loss_entry {

std::vector<double> make(const Inputs& inputs) { return inference::mean_losses(*inputs.log_probs); }

}  // namespace lethe::scoring::characteristics::loss_entry
