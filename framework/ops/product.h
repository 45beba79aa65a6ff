// Products of matrices: sums in float32 at least, the result rounded once to the operands' dtype.
//
// Processors without instructions for bf16 (AVX-512 or newer, as oneDNN asks for) are given bf16 products by
// LibTorch as scalar loops: a forward product takes 5 to 7 times as long as in float32, the products of a
// backward 3 to 60 times. There the operands are widened a block at a time, multiplied in float32 and
// rounded: the same values but for the order of the sums. docs/results/speed.md has the measurement.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace lethe::ops {

// False where `dtype` is bf16 or half, the device is the CPU, and the CPU has no instructions for it.
[[nodiscard]] bool multiplied_natively(at::ScalarType dtype, at::Device device);

// a [m, k] times b [k, n] -> [m, n]; one dtype, any strides. No gradient.
[[nodiscard]] at::Tensor product(const at::Tensor& a, const at::Tensor& b);

// The same through float32 on any processor; a and b bf16 or half. Beside the result it holds at most 16 MiB
// of a, 4 MiB of b and 16 MiB of their product.
[[nodiscard]] at::Tensor widened_product(const at::Tensor& a, const at::Tensor& b);

// What a widened product of [m, k] and [k, n] holds beside its result, in bytes: a block of each and of their
// product, 36 MiB at most where k is no more than 2^18.
[[nodiscard]] std::int64_t widened_product_bytes(std::int64_t m, std::int64_t k, std::int64_t n);

}  // namespace lethe::ops
