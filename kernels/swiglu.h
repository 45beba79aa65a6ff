// The gated unit of Llama's MLP, element by element: y = silu(gate) * up. Arrays of `size` elements.
#pragma once

#include "kernels/kernels.h"

namespace lethe::kernels {

template <class T>
void swiglu_forward(const T* gate, const T* up, T* y, std::int64_t size, Stream stream);

// grad_gate and grad_up are written; each may be gate, up or grad_y.
template <class T>
struct SwigluBackward {
  const T *gate, *up, *grad_y;
  T *grad_gate, *grad_up;
  std::int64_t size;
};
template <class T>
void swiglu_backward(const SwigluBackward<T>& call, Stream stream);

}  // namespace lethe::kernels
