// Causal attention inside each document of a token stream. q [tokens, heads, head_dim], k and v [tokens,
// kv_heads, head_dim] (grouped-query: heads is a multiple of kv_heads) -> [tokens, heads * head_dim]. Scores
// are never materialised for a whole stream.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace lethe::ops {

// document_offsets [documents + 1]: document i is rows [offsets[i], offsets[i+1]).
[[nodiscard]] at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   std::span<const std::int64_t> document_offsets);

}  // namespace lethe::ops
