#include "framework/training/flops.h"

#include <ATen/ATen.h>

#include <chrono>

namespace lethe::training {
namespace {

struct Products {  // elements of the matrices of one block
  double all = 0, trained = 0;
};

Products products_of(const models::DecoderModel& model, const sharding::GradientStore& gradients,
                     int segment) {
  Products products;
  const models::Segment& s = model.index.segments()[segment];
  for (int p = s.first_parameter; p < s.first_parameter + s.num_parameters; ++p) {
    const models::Parameter& parameter = model.index.parameters()[p];
    if (parameter.shape.size() != 2) continue;
    products.all += static_cast<double>(parameter.count);
    if (gradients.trains(p)) products.trained += static_cast<double>(parameter.count);
  }
  return products;
}

// A GPU goes on after the call: reading one number back waits for it.
void finish(const at::Tensor& result) { (void)result[0][0].item<double>(); }

}  // namespace

double update_flops(const models::DecoderModel& model, const sharding::GradientStore& gradients,
                    const TrainingData& data, std::span<const BatchItem> batch) {
  double tokens = 0, scored = 0, squares = 0;
  for (const BatchItem& item : batch) {
    const auto length = static_cast<double>(item.tokens);
    tokens += length;
    squares += length * length;
    scored += static_cast<double>(data.of(item.role)[item.sample].scored_tokens());
    if (item.alternate >= 0) {
      const auto other = item.role == objectives::Role::forget ? objectives::Role::alternate
                                                               : objectives::Role::retain_alternate;
      scored += static_cast<double>(data.of(other)[item.alternate].scored_tokens());
    }
  }
  const int lowest = walk::lowest_trained_layer(model, gradients);
  // Scores and values, half of a square each: causal.
  const double attention = 2 * squares * static_cast<double>(model.config.num_heads * model.config.head_dim);
  double flops = 0;
  for (int layer = 0; layer < static_cast<int>(model.layers.size()); ++layer) {
    const Products p = products_of(model, gradients, model.layers[layer].segment);
    flops += 2 * tokens * p.all + attention;
    if (layer >= lowest) flops += 2 * tokens * (p.all + p.trained) + 2 * attention;
  }
  const auto head = static_cast<double>(model.config.vocab_size * model.config.hidden_size);
  return flops + 2 * scored * head * (gradients.trains(model.head) ? 3 : 2);
}

double matmul_peak(const at::TensorOptions& options, dist::ProcessGroup& world) {
  const std::int64_t side = options.device().is_cuda() ? 8192 : 512;
  const auto flops = 2.0 * static_cast<double>(side) * static_cast<double>(side) * static_cast<double>(side);
  const at::NoGradGuard no_grad;
  const at::Tensor a = at::ones({side, side}, options), b = at::ones({side, side}, options);
  at::Tensor c = at::mm(a, b);  // the first one sets up threads and kernels
  finish(c);
  world.barrier();  // all at once: cores share their clocks and caches
  double best = 0;
  for (int round = 0; round < 6; ++round) {
    const auto start = std::chrono::steady_clock::now();
    at::mm_out(c, a, b);
    finish(c);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, flops / std::max(seconds.count(), 1e-9));
  }
  world.all_reduce({&best, 1, dist::DType::f64});
  return best;
}

}  // namespace lethe::training
