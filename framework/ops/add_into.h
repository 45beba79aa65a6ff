// Sums that are wider than what is added to them.
#pragma once

#include <ATen/core/Tensor.h>

namespace lethe::ops {

// sum += x, of one shape, x in any dtype. On the CPU LibTorch's add_ widens the whole of a narrower x first;
// here at most 1 MiB at a time (the rows of a matrix, if one is larger: that row). The same bits.
void add_into(const at::Tensor& sum, const at::Tensor& x);

}  // namespace lethe::ops
