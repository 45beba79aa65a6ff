#include "kernels/rms_norm.h"

#include "kernels/detail/element.cuh"
#include "kernels/detail/reduce.cuh"

namespace lethe::kernels {
namespace {

constexpr unsigned kThreads = 256;
constexpr std::int64_t kMostPartials = 264;  // two blocks for each multiprocessor of an H100

// Reads the row, adds the residual, keeps the sum and returns the thread's part of the sum of squares.
template <class T>
__device__ float add_residual(const RmsNormForward<T>& call, std::int64_t offset) {
  float squares = 0;
  for_each_chunk(call.width, threadIdx.x, blockDim.x, [&](std::int64_t first, int count) {
    float h[kChunk], other[kChunk];
    load(call.x + offset + first, count, h);
    if (call.residual) {
      load(call.residual + offset + first, count, other);
      for (int i = 0; i < count; ++i) h[i] = rounded<T>(h[i] + other[i]);
      store(call.sum + offset + first, count, h);
    }
    for (int i = 0; i < count; ++i) squares += h[i] * h[i];
  });
  return squares;
}

template <class T>
__global__ void forward(RmsNormForward<T> call) {
  const std::int64_t row = blockIdx.x, offset = row * call.width;
  const float squares = reduce_block(add_residual(call, offset), Sum{});
  const float inverse = 1 / sqrtf(squares / static_cast<float>(call.width) + call.epsilon);
  // Each thread reads back only what it wrote itself, so no barrier is needed.
  const T* sum = (call.residual ? call.sum : call.x) + offset;
  for_each_chunk(call.width, threadIdx.x, blockDim.x, [&](std::int64_t first, int count) {
    float h[kChunk], gain[kChunk];
    load(sum + first, count, h);
    load(call.gain + first, count, gain);
    for (int i = 0; i < count; ++i) h[i] = gain[i] * rounded<T>(h[i] * inverse);
    store(call.y + offset + first, count, h);
  });
  if (threadIdx.x == 0) call.inverse[row] = inverse;
}

// This thread's part of sum over the row of grad_y * gain * normalised.
template <class T>
__device__ float dot_row(const RmsNormBackward<T>& call, std::int64_t offset, float inverse) {
  float dot = 0;
  for_each_chunk(call.width, threadIdx.x, blockDim.x, [&](std::int64_t first, int count) {
    float h[kChunk], gain[kChunk], grad[kChunk];
    load(call.sum + offset + first, count, h);
    load(call.gain + first, count, gain);
    load(call.grad_y + offset + first, count, grad);
    for (int i = 0; i < count; ++i) dot += grad[i] * gain[i] * (h[i] * inverse);
  });
  return dot;
}

// d/dh = inverse (g gain - normalised mean(g gain normalised)); `partial` collects g * normalised of the
// block's rows.
template <class T>
__device__ void write_row(const RmsNormBackward<T>& call, std::int64_t offset, float inverse, float mean,
                          float* partial, bool first_row) {
  for_each_chunk(call.width, threadIdx.x, blockDim.x, [&](std::int64_t first, int count) {
    float h[kChunk], gain[kChunk], grad[kChunk], gains[kChunk] = {}, out[kChunk] = {};
    load(call.sum + offset + first, count, h);
    load(call.gain + first, count, gain);
    load(call.grad_y + offset + first, count, grad);
    if (call.grad_sum) load(call.grad_sum + offset + first, count, out);
    if (!first_row) load(partial + first, count, gains);
    for (int i = 0; i < count; ++i) {
      const float normalised = h[i] * inverse;
      gains[i] += grad[i] * normalised;
      out[i] += inverse * (grad[i] * gain[i] - normalised * mean);
    }
    store(partial + first, count, gains);
    store(call.grad_x + offset + first, count, out);
  });
}

template <class T>
__global__ void backward(RmsNormBackward<T> call) {
  float* partial = call.partial + static_cast<std::int64_t>(blockIdx.x) * call.width;
  for (std::int64_t row = blockIdx.x; row < call.rows; row += gridDim.x) {
    const std::int64_t offset = row * call.width;
    const float inverse = call.inverse[row];
    const float dot = reduce_block(dot_row(call, offset, inverse), Sum{});
    write_row(call, offset, inverse, dot / static_cast<float>(call.width), partial, row == blockIdx.x);
  }
}

// In the order of the partials, so the gradient has the same bits every time.
__global__ void add_partials(const float* partial, std::int64_t partials, std::int64_t width,
                             float* grad_gain) {
  for (std::int64_t column = global_thread(); column < width; column += global_threads()) {
    float sum = 0;
    for (std::int64_t p = 0; p < partials; ++p) sum += partial[p * width + column];
    grad_gain[column] += sum;
  }
}

}  // namespace

std::int64_t rms_norm_partial_rows(std::int64_t rows) { return rows < kMostPartials ? rows : kMostPartials; }

template <class T>
void rms_norm_forward(const RmsNormForward<T>& call, Stream stream) {
  if (call.rows > 0) launch(forward<T>, static_cast<unsigned>(call.rows), kThreads, stream, call);
}

template <class T>
void rms_norm_backward(const RmsNormBackward<T>& call, Stream stream) {
  if (call.rows == 0) return;
  const std::int64_t partials = rms_norm_partial_rows(call.rows);
  launch(backward<T>, static_cast<unsigned>(partials), kThreads, stream, call);
  launch(add_partials, blocks_for(call.width, kThreads, kMostPartials), kThreads, stream, call.partial,
         partials, call.width, call.grad_gain);
}

template void rms_norm_forward(const RmsNormForward<float>&, Stream);
template void rms_norm_forward(const RmsNormForward<Bf16>&, Stream);
template void rms_norm_backward(const RmsNormBackward<float>&, Stream);
template void rms_norm_backward(const RmsNormBackward<Bf16>&, Stream);

}  // namespace lethe::kernels
