// Attention over all documents of a pack at once, by LibTorch's variable-length flash attention. GPUs only.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>

namespace lethe::ops {

// bf16 or half on a GPU, with a head width that the kernel knows.
[[nodiscard]] bool flash_takes(const at::Tensor& q);
// As attention(); autograd follows it.
[[nodiscard]] at::Tensor flash_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                                         std::span<const std::int64_t> document_offsets);

}  // namespace lethe::ops
