#include "kernels/swiglu.h"

#include "kernels/detail/element.cuh"

namespace lethe::kernels {
namespace {

constexpr unsigned kThreads = 256;
constexpr std::int64_t kMostBlocks = 4096;

__device__ float sigmoid(float x) { return 1 / (1 + expf(-x)); }

template <class T>
__global__ void forward(const T* gate, const T* up, T* y, std::int64_t size) {
  for_each_chunk(size, global_thread(), global_threads(), [&](std::int64_t first, int count) {
    float g[kChunk], u[kChunk];
    load(gate + first, count, g);
    load(up + first, count, u);
    for (int i = 0; i < count; ++i) u[i] *= g[i] * sigmoid(g[i]);
    store(y + first, count, u);
  });
}

template <class T>
__global__ void backward(SwigluBackward<T> call) {
  for_each_chunk(call.size, global_thread(), global_threads(), [&](std::int64_t first, int count) {
    float g[kChunk], u[kChunk], d[kChunk];
    load(call.gate + first, count, g);
    load(call.up + first, count, u);
    load(call.grad_y + first, count, d);
    for (int i = 0; i < count; ++i) {
      const float gate = g[i], s = sigmoid(gate);
      g[i] = d[i] * u[i] * s * (1 + gate * (1 - s));
      u[i] = d[i] * gate * s;
    }
    store(call.grad_gate + first, count, g);
    store(call.grad_up + first, count, u);
  });
}

unsigned blocks(std::int64_t size) { return blocks_for(size, kThreads * kChunk, kMostBlocks); }

}  // namespace

template <class T>
void swiglu_forward(const T* gate, const T* up, T* y, std::int64_t size, Stream stream) {
  if (size > 0) launch(forward<T>, blocks(size), kThreads, stream, gate, up, y, size);
}

template <class T>
void swiglu_backward(const SwigluBackward<T>& call, Stream stream) {
  if (call.size > 0) launch(backward<T>, blocks(call.size), kThreads, stream, call);
}

template void swiglu_forward(const float*, const float*, float*, std::int64_t, Stream);
template void swiglu_forward(const Bf16*, const Bf16*, Bf16*, std::int64_t, Stream);
template void swiglu_backward(const SwigluBackward<float>&, Stream);
template void swiglu_backward(const SwigluBackward<Bf16>&, Stream);

}  // namespace lethe::kernels
