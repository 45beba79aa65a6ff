#include "framework/ops/product.h"

#include <ATen/ATen.h>
#include <ATen/core/dispatch/Dispatcher.h>

#include <algorithm>

namespace lethe::ops {
namespace {

constexpr std::int64_t kFewRows = 8;  // of fewer, widening b costs more than the scalar loops do

struct Block {
  std::int64_t rows, columns;
};

// 2^22 elements of a and 2^20 of b; of shallow matrices fewer, for the sake of the block's product.
Block block_of(std::int64_t m, std::int64_t k, std::int64_t n) {
  const std::int64_t depth = std::max<std::int64_t>(k, 1024);
  const auto of = [&](int elements_log2, std::int64_t size) {
    return std::min(size, std::max<std::int64_t>((std::int64_t{1} << elements_log2) / depth, 8));
  };
  return {.rows = of(22, m), .columns = of(20, n)};
}

// What LibTorch itself asks before it gives bf16 to oneDNN.
bool cpu_multiplies_bf16() {
  const auto op = c10::Dispatcher::singleton().findSchema({"mkldnn::_is_mkldnn_bf16_supported", ""});
  return op.has_value() && op->typed<bool()>().call();
}

}  // namespace

bool multiplied_natively(at::ScalarType dtype, at::Device device) {
  static const bool cpu = cpu_multiplies_bf16();
  return cpu || !device.is_cpu() || !at::isReducedFloatingType(dtype);
}

at::Tensor product(const at::Tensor& a, const at::Tensor& b) {
  const bool as_it_is = multiplied_natively(a.scalar_type(), a.device()) || a.size(0) < kFewRows;
  return as_it_is ? at::mm(a, b) : widened_product(a, b);
}

at::Tensor widened_product(const at::Tensor& a, const at::Tensor& b) {
  const std::int64_t m = a.size(0), k = a.size(1), n = b.size(1);
  const Block block = block_of(m, k, n);
  at::Tensor c = at::empty({m, n}, a.options());
  for (std::int64_t row = 0; row < m; row += block.rows) {
    const std::int64_t rows = std::min(block.rows, m - row);
    const at::Tensor left = a.narrow(0, row, rows).to(at::kFloat);
    for (std::int64_t column = 0; column < n; column += block.columns) {
      const std::int64_t columns = std::min(block.columns, n - column);
      const at::Tensor right = b.narrow(1, column, columns).to(at::kFloat);
      c.narrow(0, row, rows).narrow(1, column, columns).copy_(at::mm(left, right));
    }
  }
  return c;
}

std::int64_t widened_product_bytes(std::int64_t m, std::int64_t k, std::int64_t n) {
  const Block block = block_of(m, k, n);
  return 4 * (block.rows * k + k * block.columns + block.rows * block.columns);
}

}  // namespace lethe::ops
