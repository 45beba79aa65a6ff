// A weight is a slot: a tensor whose storage is seated on gathered bytes when they are there, and unseated
// (null) when they are released. What autograd saves is the slot, not the bytes, so a graph stays valid
// across release and a new gather into any buffer; using an unseated slot throws instead of computing with
// stale bytes.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace lethe::sharding {

// An unseated leaf of this shape that requires gradients; `device`: of the bytes it will be seated on.
[[nodiscard]] at::Tensor make_slot(const std::vector<std::int64_t>& shape, at::ScalarType dtype,
                                   at::Device device = at::kCPU);
void seat(const at::Tensor& slot, void* bytes);
void unseat(const at::Tensor& slot);

}  // namespace lethe::sharding
