#include "framework/ops/masked_attention.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>

namespace lethe::ops {
namespace {

// [length, length], true where row i may see column j.
at::Tensor visible(std::span<const std::uint8_t> hidden) {
  const auto length = static_cast<std::int64_t>(hidden.size());
  at::Tensor seen = at::ones({length}, at::kBool);
  for (std::int64_t j = 0; j < length; ++j)
    if (hidden[j] != 0) seen[j] = false;
  at::Tensor mask = at::ones({length, length}, at::kBool).tril().logical_and_(seen.unsqueeze(0));
  const at::Tensor blind = mask.any(1).logical_not();
  return mask.logical_or_(at::diag(blind));
}

at::Tensor one_document(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                        const at::Tensor& mask) {
  const at::Tensor scores = at::matmul(q, k.transpose(1, 2)) / std::sqrt(static_cast<double>(q.size(2)));
  const at::Tensor bias = at::zeros(mask.sizes(), scores.options())
                              .masked_fill_(mask.logical_not(), -std::numeric_limits<double>::infinity());
  return at::matmul(at::softmax(scores + bias, -1), v);
}

}  // namespace

at::Tensor masked_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            std::span<const std::int64_t> document_offsets,
                            std::span<const std::uint8_t> hidden) {
  const std::int64_t repeats = q.size(1) / k.size(1);
  std::vector<at::Tensor> outputs;
  for (std::size_t i = 0; i + 1 < document_offsets.size(); ++i) {
    const std::int64_t first = document_offsets[i], length = document_offsets[i + 1] - first;
    const auto heads = [&](const at::Tensor& x, std::int64_t times) {  // [heads, length, head_dim]
      return x.narrow(0, first, length).transpose(0, 1).repeat_interleave(times, 0);
    };
    const at::Tensor mask =
        visible(hidden.subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(length)));
    outputs.push_back(
        one_document(heads(q, 1), heads(k, repeats), heads(v, repeats), mask.to(q.device())).transpose(0, 1));
  }
  return at::cat(outputs, 0).reshape({q.size(0), q.size(1) * q.size(2)});
}

}  // namespace lethe::ops
