#include "kernels/rope.h"

#include "kernels/detail/element.cuh"

namespace lethe::kernels {
namespace {

constexpr unsigned kThreads = 128;

template <class T>
__global__ void turn_pairs(Rope<T> call, float sign) {
  const std::int64_t token = blockIdx.x, half = call.head_dim / 2;
  const T *cos = call.cos + token * half, *sin = call.sin + token * half;
  for (std::int64_t pair = threadIdx.x; pair < call.heads * half; pair += blockDim.x) {
    const std::int64_t i = pair % half, head = token * call.heads + pair / half;
    const std::int64_t low = head * call.head_dim + i, high = low + half;
    const float c = to_float(cos[i]), s = sign * to_float(sin[i]);
    const float a = to_float(call.x[low]), b = to_float(call.x[high]);
    call.y[low] = from_float<T>(a * c - b * s);
    call.y[high] = from_float<T>(b * c + a * s);
  }
}

}  // namespace

template <class T>
void rope(const Rope<T>& call, Turn turn, Stream stream) {
  if (call.tokens == 0) return;
  launch(turn_pairs<T>, static_cast<unsigned>(call.tokens), kThreads, stream, call,
         turn == Turn::forward ? 1.0f : -1.0f);
}

template void rope(const Rope<float>&, Turn, Stream);
template void rope(const Rope<Bf16>&, Turn, Stream);

}  // namespace lethe::kernels
