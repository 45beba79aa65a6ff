#include "framework/ops/perturb.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/ops/fused.h"

namespace lethe::ops {
namespace {

template <class T>
void add_in_host_memory(const at::Tensor& from, const at::Tensor& to, std::uint64_t first,
                        const base::StreamKey& key, double whole_step) {
  const T* weights = from.const_data_ptr<T>();
  T* out = to.mutable_data_ptr<T>();
  const auto count = static_cast<std::uint64_t>(from.numel());
  const T step = static_cast<T>(whole_step);
  if (key.stream == base::Stream::gaussian) {
    for (std::uint64_t i = 0; i < count; ++i)
      out[i] = weights[i] + step * static_cast<T>(base::gaussian(key, first + i));
    return;
  }
  T z[4096];
  for (std::uint64_t at = 0; at < count; at += 4096) {
    const std::uint64_t size = std::min<std::uint64_t>(4096, count - at);
    base::rademacher(key, first + at, std::span<T>(z, size));
    for (std::uint64_t i = 0; i < size; ++i) out[at + i] = weights[at + i] + step * z[i];
  }
}

}  // namespace

void add_noise(const at::Tensor& weights, const at::Tensor& out, std::uint64_t first,
               const base::StreamKey& key, double step) {
  if (fused::takes(weights)) return fused::add_noise(weights, out, first, key, step);
  if (!weights.is_cpu()) {  // float64 on a GPU: made in host memory
    const at::Tensor moved = weights.cpu();
    add_noise(moved, moved, first, key, step);
    at::Tensor(out).copy_(moved);
    return;
  }
  if (weights.scalar_type() == at::kDouble)
    add_in_host_memory<double>(weights, out, first, key, step);
  else
    add_in_host_memory<float>(weights, out, first, key, step);
}

}  // namespace lethe::ops
