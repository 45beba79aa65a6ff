// Causal attention in which some tokens are seen by nobody, as a padding mask makes it: public training loops
// hide padding, and every token that looks like padding, with it. The tokens that are seen are attended to as
// a stream of their own; scores are materialised for the hidden ones alone, which are few.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace lethe::ops {

// As attention(); hidden [tokens]: 1 for a key that no query sees, not even its own. A query without any key
// to see (a document that begins with a hidden token) sees itself.
[[nodiscard]] at::Tensor masked_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                          std::span<const std::int64_t> document_offsets,
                                          std::span<const std::uint8_t> hidden);

}  // namespace lethe::ops
