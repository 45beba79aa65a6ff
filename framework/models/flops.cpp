#include "framework/models/flops.h"

#include <algorithm>

namespace lethe::models {
namespace {

struct Products {  // elements of the matrices of one block
  double all = 0, trained = 0;
  bool trains = false;  // some parameter of it, matrix or not
};

Products products_of(const DecoderModel& model, const std::function<bool(int)>& trains, int segment) {
  Products products;
  const Segment& s = model.index.segments()[segment];
  for (int p = s.first_parameter; p < s.first_parameter + s.num_parameters; ++p) {
    const Parameter& parameter = model.index.parameters()[p];
    const bool trained = trains(p);
    products.trains |= trained;
    if (parameter.shape.size() != 2) continue;
    products.all += static_cast<double>(parameter.count);
    if (trained) products.trained += static_cast<double>(parameter.count);
  }
  return products;
}

}  // namespace

double update_flops(const DecoderModel& model, const std::function<bool(int)>& trains,
                    const BatchTokens& batch, int last_layer) {
  // Scores and values, half of a square each: causal.
  const double attention =
      2 * batch.squared_lengths * static_cast<double>(model.config.num_heads * model.config.head_dim);
  bool goes_back = trains(model.embedding);  // the backward reaches this layer
  double flops = 0;
  std::size_t layers = model.layers.size();
  if (last_layer >= 0) layers = std::min(layers, static_cast<std::size_t>(last_layer) + 1);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    const Products p = products_of(model, trains, model.layers[layer].segment);
    goes_back |= p.trains;
    flops += 2 * batch.tokens * p.all + attention;
    if (goes_back) flops += 2 * batch.tokens * (p.all + p.trained) + 2 * attention;
  }
  if (last_layer >= 0) return flops;
  const auto head = static_cast<double>(model.config.vocab_size * model.config.hidden_size);
  return flops + 2 * batch.scored * head * (trains(model.head) ? 3 : 2);
}

}  // namespace lethe::models
