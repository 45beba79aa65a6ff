// A kernel's arguments from tensors. Only for the fused_*.cpp files.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include "framework/base/error.h"
#include "kernels/kernels.h"

namespace lethe::ops::fused {

// Where the operations of this thread on the tensor's device are queued. Host memory (kernels that run on the
// host, in tests) has no queue.
inline kernels::Stream queue_of(const at::Tensor& x) {
  if (x.is_cpu()) return nullptr;
  const c10::Stream stream = c10::impl::VirtualGuardImpl(x.device().type()).getStream(x.device());
  return static_cast<kernels::Stream>(stream.native_handle());
}

// T: float or kernels::Bf16.
template <class T>
T* pointer(const at::Tensor& x) {
  LETHE_CHECK(x.is_contiguous(), "a kernel reads flat memory");
  return static_cast<T*>(x.mutable_data_ptr());
}

// Calls `kernel` with a value of the element type of `x`.
template <class Kernel>
void by_element(const at::Tensor& x, Kernel kernel) {
  if (x.scalar_type() == at::kFloat) return kernel(float{});
  LETHE_CHECK(x.scalar_type() == at::kBFloat16, "no kernel for {}", c10::toString(x.scalar_type()));
  kernel(kernels::Bf16{});
}

}  // namespace lethe::ops::fused
