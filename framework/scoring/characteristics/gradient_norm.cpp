// Norm of the gradient of a sample's mean loss: on the models tried it predicts the updates that a sample
// needs better than MRD does. One backward a sample, by all ranks together.
#include <ATen/ATen.h>

#include <cmath>

#include "framework/scoring/characteristic.h"

namespace lethe::scoring::characteristics::gradient_norm_entry {
namespace {

double squared_norm(sharding::GradientStore& gradients, int segments) {
  double sum = 0;
  for (int s = 0; s < segments; ++s) sum += gradients.part(s).to(at::kDouble).pow(2).sum().item<double>();
  if (gradients.grid().shard_size() > 1)
    gradients.grid().shard_group().all_reduce({&sum, 1, dist::DType::f64});
  return sum;
}

}  // namespace

std::vector<double> make(const Inputs& in) {
  const models::ParameterIndex& index = in.weights->index();
  const bool wide = in.weights->options().compute == at::kDouble;
  sharding::GradientStore gradients(index, in.weights->grid(), wide ? at::kDouble : at::kFloat);
  std::vector<double> values;
  for (const data::Document& document : in.forget) {
    // Rank 0 has the sample; the others have an empty pack and join every collective.
    const std::span<const data::Document> mine(&document, in.world->rank() == 0 ? 1 : 0);
    const data::Pack pack = data::make_pack(mine);
    const auto statistics = in.walk->forward(pack, {.for_backward = true});
    const double scale = -1.0 / static_cast<double>(document.scored_tokens());
    gradients.zero();
    in.walk->backward({at::full_like(statistics[0], scale)}, gradients);
    gradients.finish();
    values.push_back(std::sqrt(squared_norm(gradients, static_cast<int>(index.segments().size()))));
  }
  return values;
}

}  // namespace lethe::scoring::characteristics::gradient_norm_entry
