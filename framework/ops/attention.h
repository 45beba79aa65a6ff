// Causal attention inside each document of a token stream. q [tokens, heads, head_dim], k and v [tokens,
// kv_heads, head_dim] (grouped-query: heads is a multiple of kv_heads) -> [tokens, heads * head_dim]. Scores
// are never materialised for a whole stream.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

#include "framework/ops/jet.h"

namespace lethe::ops {

// document_offsets [documents + 1]: document i is rows [offsets[i], offsets[i+1]).
[[nodiscard]] at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                   std::span<const std::int64_t> document_offsets);

// Queries are walked in chunks, so that memory grows with a document's length, not with its square. With
// scores s and p = softmax(s0): u_d = s1_d - <s1_d>, p1_d = p u_d, P2 = p (S2 - <S2> + sum_d (u_d^2 -
// <u_d^2>)).
[[nodiscard]] Jet attention(const Jet& q, const Jet& k, const Jet& v,
                            std::span<const std::int64_t> document_offsets);

}  // namespace lethe::ops
