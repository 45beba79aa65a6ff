#include "framework/ops/add_into.h"

#include <ATen/ATen.h>

#include <algorithm>

namespace lethe::ops {

void add_into(const at::Tensor& sum, const at::Tensor& x) {
  if (x.scalar_type() == sum.scalar_type() || !x.is_cpu() || x.dim() == 0) {
    sum.add_(x);
    return;
  }
  const std::int64_t rows = x.size(0),
                     row_bytes = rows == 0 ? 0 : static_cast<std::int64_t>(sum.nbytes()) / rows;
  const std::int64_t at_once =
      std::max<std::int64_t>((std::int64_t{1} << 20) / std::max<std::int64_t>(row_bytes, 1), 1);
  for (std::int64_t row = 0; row < rows; row += at_once) {
    const std::int64_t count = std::min(at_once, rows - row);
    sum.narrow(0, row, count).add_(x.narrow(0, row, count));
  }
}

}  // namespace lethe::ops
