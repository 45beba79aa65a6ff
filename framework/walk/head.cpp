#include "framework/walk/head.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/ops/rms_norm.h"
#include "framework/walk/index_tensor.h"

namespace lethe::walk {
namespace {

// Logits leave the head in float32 at least: bf16 logits would round away what the statistics measure.
at::Tensor widened(const at::Tensor& x) { return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat); }

at::Tensor logits_of(const at::Tensor& normed, const at::Tensor& weight) {
  return at::mm(normed, weight.t());
}

RowRange overlap(RowRange a, RowRange b) {
  const std::int64_t first = std::max(a.first, b.first);
  return {first, std::max<std::int64_t>(std::min(a.first + a.count, b.first + b.count) - first, 0)};
}

}  // namespace

// The frozen model's logits while a pass walks the chunks. Its weight is widened once, and statistics of the
// same rows share what was made of them.
class Head::ReferenceLogits {
 public:
  explicit ReferenceLogits(const ReferenceRows* reference) : reference_(reference) {}

  // Of rows that all have one.
  const at::Tensor& of(RowRange rows) {
    LETHE_CHECK(reference_ != nullptr && rows.first >= reference_->first &&
                    rows.first + rows.count <= reference_->first + reference_->normed.size(0),
                "a statistic asks for reference logits of rows {}+{} that the frozen model did not see",
                rows.first, rows.count);
    if (rows == rows_) return logits_;
    if (!weight_.defined()) weight_ = widened(reference_->weight);
    logits_.reset();
    logits_ =
        logits_of(widened(reference_->normed.narrow(0, rows.first - reference_->first, rows.count)), weight_);
    rows_ = rows;
    return logits_;
  }

 private:
  const ReferenceRows* reference_;
  at::Tensor weight_, logits_;
  RowRange rows_;  // that logits_ are of; an empty one is asked for by nobody
};

Head::Head(HeadOptions options, const std::vector<std::string>& names, std::vector<RowRange> ranges)
    : options_(options), ranges_(std::move(ranges)) {
  for (const std::string& name : names) statistics_.push_back(ops::make_token_statistic(name));
}

RowRange Head::range_of(std::size_t statistic) const {
  return ranges_.empty() ? RowRange{0, rows_.size(0)} : ranges_[statistic];
}

// Cuts from a chunk, whose rows of the pack are `rows`, those of one statistic.
ops::LogitChunk Head::part_of(const ops::LogitChunk& chunk, RowRange rows, RowRange part,
                              std::size_t statistic, ReferenceLogits& reference) const {
  return {.logits = chunk.logits.narrow(0, part.first - rows.first, part.count),
          .targets = chunk.targets.narrow(0, part.first - rows.first, part.count),
          .reference_logits =
              statistics_[statistic]->needs_reference_logits() ? reference.of(part) : at::Tensor()};
}

void Head::forward_chunk(const ops::LogitChunk& chunk, RowRange rows, ReferenceLogits& reference,
                         std::vector<at::Tensor>& values) const {
  for (std::size_t k = 0; k < statistics_.size(); ++k) {
    const RowRange part = overlap(rows, range_of(k));
    if (part.count == 0) continue;
    values[k]
        .narrow(0, part.first - range_of(k).first, part.count)
        .copy_(statistics_[k]->forward(part_of(chunk, rows, part, k, reference)));
  }
}

// -> d(loss)/d(logits) of the chunk.
at::Tensor Head::backward_chunk(const ops::LogitChunk& chunk, RowRange rows,
                                const std::vector<at::Tensor>& upstream, ReferenceLogits& reference) const {
  at::Tensor logit_gradient = at::zeros_like(chunk.logits);
  for (std::size_t k = 0; k < statistics_.size(); ++k) {
    const RowRange part = overlap(rows, range_of(k));
    if (part.count == 0 || !upstream[k].defined()) continue;
    at::Tensor own = logit_gradient.narrow(0, part.first - rows.first, part.count);
    statistics_[k]->add_backward(part_of(chunk, rows, part, k, reference),
                                 upstream[k].narrow(0, part.first - range_of(k).first, part.count), own);
  }
  return logit_gradient;
}

std::vector<at::Tensor> Head::forward(const HeadWeights& weights, const at::Tensor& hidden,
                                      const data::Pack& pack, bool for_backward,
                                      const ReferenceRows* reference) {
  reference_ = reference;
  rows_ = index_tensor(pack.scored_rows, hidden.device());
  targets_ = index_tensor(pack.targets, hidden.device());
  num_tokens_ = hidden.size(0);
  kept_logits_.clear();
  hidden_rows_ = hidden.detach().index_select(0, rows_).requires_grad_(for_backward);
  {
    const at::AutoGradMode grad_mode(for_backward);
    normed_ = ops::rms_norm(hidden_rows_, weights.norm_gain, weights.rms_norm_eps);
  }
  std::vector<at::Tensor> values;
  if (statistics_.empty()) return values;
  const at::NoGradGuard no_grad;
  const at::Tensor normed = widened(normed_), weight = widened(weights.weight);
  const std::int64_t scored = rows_.size(0);
  ReferenceLogits reference_logits(reference);
  const bool keep = for_backward && scored * weight.size(0) * 4 <= options_.keep_bytes;
  for (std::size_t k = 0; k < statistics_.size(); ++k)
    values.push_back(at::empty({range_of(k).count}, normed.options()));
  for (std::int64_t first = 0; first < scored; first += options_.chunk_tokens) {
    const std::int64_t count = std::min(options_.chunk_tokens, scored - first);
    const ops::LogitChunk chunk{.logits = logits_of(normed.narrow(0, first, count), weight),
                                .targets = targets_.narrow(0, first, count),
                                .reference_logits = {}};
    forward_chunk(chunk, {first, count}, reference_logits, values);
    if (keep) kept_logits_.push_back(chunk.logits);
  }
  return values;
}

at::Tensor Head::backward(const HeadWeights& weights, const std::vector<at::Tensor>& upstream,
                          HeadGradients gradients) {
  at::Tensor normed_gradient = at::zeros_like(normed_);
  if (!statistics_.empty()) {
    const at::NoGradGuard no_grad;
    const at::Tensor normed = widened(normed_), weight = widened(weights.weight);
    ReferenceLogits reference_logits(reference_);
    const std::int64_t scored = rows_.size(0);
    for (std::int64_t first = 0, number = 0; first < scored; first += options_.chunk_tokens, ++number) {
      const std::int64_t count = std::min(options_.chunk_tokens, scored - first);
      const at::Tensor inputs = normed.narrow(0, first, count);
      const ops::LogitChunk chunk{.logits = kept_logits_.empty() ? logits_of(inputs, weight)
                                                                 : std::exchange(kept_logits_[number], {}),
                                  .targets = targets_.narrow(0, first, count),
                                  .reference_logits = {}};
      const at::Tensor logit_gradient = backward_chunk(chunk, {first, count}, upstream, reference_logits);
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
