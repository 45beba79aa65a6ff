#include "framework/walk/index_tensor.h"

#include <ATen/ATen.h>

#include "framework/ops/upload.h"

namespace lethe::walk {

at::Tensor index_tensor(std::span<const std::int64_t> values, at::Device device) {
  const at::Tensor view = at::from_blob(const_cast<std::int64_t*>(values.data()),
                                        {static_cast<std::int64_t>(values.size())}, at::kLong);
  return device.is_cpu() ? view.clone() : ops::uploaded(view, device);
}

}  // namespace lethe::walk
