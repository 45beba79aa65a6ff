// Rotary position embedding, halves layout: element i of a head pairs with i + head_dim / 2.
#pragma once

#include "kernels/kernels.h"

namespace lethe::kernels {

enum class Turn { forward, back };  // back: by the negative angle, which is the backward of forward

template <class T>
struct Rope {
  const T* x;    // [tokens, heads, head_dim]
  const T* cos;  // [tokens, head_dim / 2]
  const T* sin;
  T* y;  // like x; may be x
  std::int64_t tokens, heads, head_dim;
};
template <class T>
void rope(const Rope<T>& call, Turn turn, Stream stream);

}  // namespace lethe::kernels
