// The kernels without a graph: token log-probabilities, the update, noise.
#include <ATen/ATen.h>

#include "framework/ops/fused.h"
#include "framework/ops/kernel_call.h"
#include "kernels/adamw.h"
#include "kernels/perturb.h"
#include "kernels/token_nll.h"

namespace lethe::ops::fused {
namespace {

struct LogProbs {
  at::Tensor log_prob, others;  // [rows] float32
};

LogProbs log_probs(const at::Tensor& logits, const at::Tensor& targets) {
  const std::int64_t rows = logits.size(0), vocab = logits.size(1);
  const at::TensorOptions wide = logits.options().dtype(at::kFloat);
  LogProbs p{at::empty({rows}, wide), at::empty({rows}, wide)};
  by_element(logits, [&]<class T>(T) {
    kernels::token_log_prob_forward<T>(pointer<T>(logits), pointer<std::int64_t>(targets), rows, vocab,
                                       pointer<float>(p.log_prob), pointer<float>(p.others),
                                       queue_of(logits));
  });
  return p;
}

}  // namespace

bool takes(const at::Tensor& x) {
  return x.is_cuda() && (x.scalar_type() == at::kFloat || x.scalar_type() == at::kBFloat16);
}

at::Tensor log_prob(const at::Tensor& logits, const at::Tensor& targets) {
  return log_probs(logits.contiguous(), targets.contiguous()).log_prob;
}

void add_log_prob_backward(const at::Tensor& logits_in, const at::Tensor& targets_in,
                           const at::Tensor& upstream_in, at::Tensor& grad) {
  const at::Tensor logits = logits_in.contiguous(), targets = targets_in.contiguous(),
                   upstream = upstream_in.to(at::kFloat).contiguous();
  const at::Tensor others = log_probs(logits, targets).others;
  by_element(logits, [&]<class T>(T) {
    kernels::token_log_prob_backward<T>(pointer<T>(logits), pointer<std::int64_t>(targets),
                                        pointer<float>(others), pointer<float>(upstream), logits.size(0),
                                        logits.size(1), pointer<T>(grad), queue_of(logits));
  });
}

void adamw(const at::Tensor& weights, const at::Tensor& gradients, const at::Tensor& first_moment,
           const at::Tensor& second_moment, const AdamWStep& s) {
  kernels::adamw<float>({.weights = pointer<float>(weights),
                         .gradients = pointer<float>(gradients),
                         .first_moment = pointer<float>(first_moment),
                         .second_moment = pointer<float>(second_moment),
                         .rounded_weights = nullptr,
                         .size = weights.numel()},
                        {.learning_rate = s.learning_rate,
                         .beta1 = s.beta1,
                         .beta2 = s.beta2,
                         .epsilon = s.epsilon,
                         .weight_decay = s.weight_decay,
                         .step = s.step,
                         .gradient_scale = s.gradient_scale},
                        queue_of(weights));
}

void add_noise(const at::Tensor& weights, const at::Tensor& out, std::uint64_t first,
               const base::StreamKey& key, double step) {
  const bool signs = key.stream == base::Stream::rademacher;
  kernels::perturb<float, float>(pointer<float>(weights), pointer<float>(out), weights.numel(), first,
                                 {.seed = key.seed,
                                  .noise = signs ? kernels::Noise::rademacher : kernels::Noise::gaussian,
                                  .draw = key.draw,
                                  .refresh = key.refresh},
                                 static_cast<float>(step), queue_of(weights));
}

}  // namespace lethe::ops::fused
