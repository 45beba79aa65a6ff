#include "framework/walk/head.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "framework/ops/rms_norm.h"

namespace lethe::walk {
namespace {

// Logits leave the head in float32 at least: bf16 logits would round away what the statistics measure.
at::Tensor widened(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat); }

at::Tensor index_tensor(const std::vector<std::int64_t>& values) {
  return at::from_blob(const_cast<std::int64_t*>(values.data()), {static_cast<std::int64_t>(values.size())},
                       at::kLong)
      .clone();
}

}  // namespace

Head::Head(HeadOptions options, const std::vector<std::string>& names) : options_(options) {
  for (const std::string& name : names) statistics_.push_back(ops::make_token_statistic(name));
}

at::Tensor Head::logits_of(const at::Tensor& normed, const at::Tensor& weight) const {
  return at::mm(normed, weight.t());
}

std::vector<at::Tensor> Head::forward(const HeadWeights& weights, const at::Tensor& hidden,
                                      const data::Pack& pack, bool for_backward) {
  rows_ = index_tensor(pack.scored_rows);
  targets_ = index_tensor(pack.targets);
  num_tokens_ = hidden.size(0);
  kept_logits_.clear();
  hidden_rows_ = hidden.detach().index_select(0, rows_).requires_grad_(for_backward);
  {
    const at::AutoGradMode grad_mode(for_backward);
    normed_ = ops::rms_norm(hidden_rows_, weights.norm_gain, weights.rms_norm_eps);
  }
  const at::NoGradGuard no_grad;
  const at::Tensor normed = widened(normed_), weight = widened(weights.weight);
  const std::int64_t scored = rows_.size(0);
  const bool keep = for_backward && scored * weight.size(0) * 4 <= options_.keep_bytes;
  std::vector<at::Tensor> values(statistics_.size(), at::empty({0}));
  for (at::Tensor& value : values) value = at::empty({scored}, normed.scalar_type());
  for (std::int64_t first = 0; first < scored; first += options_.chunk_tokens) {
    const std::int64_t count = std::min(options_.chunk_tokens, scored - first);
    const ops::LogitChunk chunk{.logits = logits_of(normed.narrow(0, first, count), weight),
                                .targets = targets_.narrow(0, first, count),
                                .reference_logits = {}};
    for (std::size_t k = 0; k < statistics_.size(); ++k)
      values[k].narrow(0, first, count).copy_(statistics_[k]->forward(chunk));
    if (keep) kept_logits_.push_back(chunk.logits);
  }
  return values;
}

at::Tensor Head::backward(const HeadWeights& weights, const std::vector<at::Tensor>& upstream,
                          HeadGradients gradients) {
  at::Tensor normed_gradient = at::zeros_like(normed_);
  {
    const at::NoGradGuard no_grad;
    const at::Tensor normed = widened(normed_), weight = widened(weights.weight);
    const std::int64_t scored = rows_.size(0);
    for (std::int64_t first = 0, number = 0; first < scored; first += options_.chunk_tokens, ++number) {
      const std::int64_t count = std::min(options_.chunk_tokens, scored - first);
      const at::Tensor inputs = normed.narrow(0, first, count);
      const ops::LogitChunk chunk{.logits = kept_logits_.empty() ? logits_of(inputs, weight)
                                                                 : std::exchange(kept_logits_[number], {}),
                                  .targets = targets_.narrow(0, first, count),
                                  .reference_logits = {}};
      at::Tensor logit_gradient = at::zeros_like(chunk.logits);
      for (std::size_t k = 0; k < statistics_.size(); ++k) {
        if (upstream[k].defined())
          statistics_[k]->add_backward(chunk, upstream[k].narrow(0, first, count), logit_gradient);
      }
      normed_gradient.narrow(0, first, count).copy_(at::mm(logit_gradient, weight));
      if (gradients.weight.defined())
        gradients.weight.addmm_(logit_gradient.t().to(gradients.weight.scalar_type()),
                                inputs.to(gradients.weight.scalar_type()));
    }
  }
  std::vector<at::Tensor> inputs = {hidden_rows_};
  if (gradients.norm_gain.defined()) inputs.push_back(weights.norm_gain);
  const auto through_norm = torch::autograd::grad({normed_}, inputs, {normed_gradient});
  if (gradients.norm_gain.defined()) gradients.norm_gain.add_(through_norm[1]);
  at::Tensor hidden_gradient = at::zeros({num_tokens_, normed_.size(1)}, normed_.options());
  hidden_gradient.index_add_(0, rows_, through_norm[0]);
  normed_ = hidden_rows_ = at::Tensor();
  return hidden_gradient;
}

}  // namespace lethe::walk
