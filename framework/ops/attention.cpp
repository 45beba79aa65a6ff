#include "framework/ops/attention.h"

#include <ATen/ATen.h>

namespace lethe::ops {
namespace {

// [tokens, heads, head_dim] -> [1, heads, tokens, head_dim], each key-value head repeated for its group of
// query heads.
at::Tensor heads_first(const at::Tensor& x, std::int64_t repeats) {
  at::Tensor y = x.transpose(0, 1).unsqueeze(0);
  return repeats == 1 ? y : y.repeat_interleave(repeats, 1);
}

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     std::span<const std::int64_t> document_offsets) {
  const std::int64_t repeats = q.size(1) / k.size(1);
  const at::Tensor queries = heads_first(q, 1), keys = heads_first(k, repeats),
                   values = heads_first(v, repeats);
  std::vector<at::Tensor> outputs;
  for (std::size_t i = 0; i + 1 < document_offsets.size(); ++i) {
    const std::int64_t first = document_offsets[i], length = document_offsets[i + 1] - first;
    const auto part = [&](const at::Tensor& x) { return x.narrow(2, first, length); };
    outputs.push_back(
        at::scaled_dot_product_attention(part(queries), part(keys), part(values), {}, 0.0, true));
  }
  const at::Tensor joined =
      outputs.size() == 1 ? outputs.front() : at::cat(outputs, 2);  // [1, heads, tokens, dim]
  return joined.squeeze(0).transpose(0, 1).reshape({q.size(0), q.size(1) * q.size(2)});
}

}  // namespace lethe::ops
