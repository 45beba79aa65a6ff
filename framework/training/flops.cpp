#include "framework/training/flops.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/grad_mode.h>

#include <chrono>

#include "framework/models/flops.h"
#include "framework/ops/product.h"

namespace lethe::training {
namespace {

// A GPU goes on after the call: reading one number back waits for it.
void finish(const at::Tensor& result) { (void)result[0][0].item<double>(); }

}  // namespace

double update_flops(const models::DecoderModel& model, const sharding::GradientStore& gradients,
                    const objectives::Needs& needs, const TrainingData& data,
                    std::span<const BatchItem> batch) {
  models::BatchTokens total;
  for (const BatchItem& item : batch) {
    const auto documents = documents_of(needs, item);
    for (std::size_t role = 0; role < documents.size(); ++role) {
      if (documents[role] < 0) continue;
      const data::Document& document = data.documents[role][static_cast<std::size_t>(documents[role])];
      const auto length = static_cast<double>(document.ids.size());
      total.tokens += length;
      total.squared_lengths += length * length;
      total.scored += static_cast<double>(document.scored_tokens());
    }
  }
  return models::update_flops(
      model, [&](int parameter) { return gradients.trains(parameter); }, total, needs.last_layer());
}

double matmul_peak(const at::TensorOptions& options, dist::ProcessGroup& world) {
  const std::int64_t side = options.device().is_cuda() ? 8192 : 512;
  const auto flops = 2.0 * static_cast<double>(side) * static_cast<double>(side) * static_cast<double>(side);
  const at::NoGradGuard no_grad;
  // Random: a GPU draws less power for products of ones, and clocks higher than training ever does.
  const auto random = at::detail::createCPUGenerator(/*seed_val=*/1);
  const at::TensorOptions on_host = options.device(at::kCPU);
  const at::Tensor a = at::randn({side, side}, random, on_host).to(options.device());
  const at::Tensor b = at::randn({side, side}, random, on_host).to(options.device());
  at::Tensor c = ops::product(a, b);  // the first one sets up threads and kernels
  finish(c);
  world.barrier();  // all at once: cores share their clocks and caches
  double best = 0;
  for (int round = 0; round < 6; ++round) {
    const auto start = std::chrono::steady_clock::now();
    c = ops::product(a, b);
    finish(c);
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, flops / std::max(seconds.count(), 1e-9));
  }
  world.all_reduce({&best, 1, dist::DType::f64});
  return best;
}

}  // namespace lethe::training
