#include "framework/ops/upload.h"

#include <ATen/ATen.h>

namespace lethe::ops {

at::Tensor uploaded(const at::Tensor& host, at::Device device) {
  return device.is_cuda() ? host.pin_memory().to(device, /*non_blocking=*/true) : host.to(device);
}

}  // namespace lethe::ops
