#include "kernels/token_nll.h"

#include "kernels/detail/element.cuh"
#include "kernels/detail/reduce.cuh"

namespace lethe::kernels {
namespace {

constexpr unsigned kThreads = 512;

// Sum of exp(z - largest) over what was seen, one value at a time. Skips -inf, which adds nothing and would
// make -inf - -inf; a NaN reaches the sum.
struct RunningLse {
  float largest = -INFINITY, sum = 0;
  __device__ void add(float z) {
    if (z == -INFINITY) return;
    if (z > largest) {
      sum = sum * expf(largest - z) + 1;
      largest = z;
    } else {
      sum += expf(z - largest);
    }
  }
};

__device__ float reduce_lse(const RunningLse& own) {
  const float largest = reduce_block(own.largest, Max{});
  const float sum = reduce_block(own.sum == 0 ? 0.0f : own.sum * expf(own.largest - largest), Sum{});
  return sum == 0 ? -INFINITY : largest + logf(sum);
}

template <class T>
__global__ void forward(const T* logits, const std::int64_t* targets, std::int64_t vocab, float* log_prob,
                        float* others) {
  const std::int64_t row = blockIdx.x, target = targets[row];
  const T* z = logits + row * vocab;
  RunningLse own;
  for_each_chunk(vocab, threadIdx.x, blockDim.x, [&](std::int64_t first, int count) {
    float values[kChunk];
    load(z + first, count, values);
    for (int i = 0; i < count; ++i)
      if (first + i != target) own.add(values[i]);
  });
  const float lse = reduce_lse(own);
  if (threadIdx.x != 0) return;
  const float s = lse - to_float(z[target]);
  log_prob[row] = -((s > 0 ? s : 0.0f) + log1pf(expf(-fabsf(s)))) + 0 * s;  // 0 * s: a NaN stays
  if (s == -INFINITY) log_prob[row] = 0;
  others[row] = lse;
}

template <class T>
__global__ void backward(const T* logits, const std::int64_t* targets, const float* others,
                         const float* upstream, std::int64_t vocab, T* grad) {
  const std::int64_t row = blockIdx.x, target = targets[row];
  const T* z = logits + row * vocab;
  T* out = grad + row * vocab;
  const float lse = others[row];
  const float scale = upstream[row] / (1 + expf(to_float(z[target]) - lse));  // g sigmoid(s)
  for_each_chunk(vocab, threadIdx.x, blockDim.x, [&](std::int64_t first, int count) {
    float values[kChunk], sums[kChunk];
    load(z + first, count, values);
    load(out + first, count, sums);
    for (int i = 0; i < count; ++i) sums[i] += first + i == target ? scale : -scale * expf(values[i] - lse);
    store(out + first, count, sums);
  });
}

}  // namespace

template <class T>
void token_log_prob_forward(const T* logits, const std::int64_t* targets, std::int64_t rows,
                            std::int64_t vocab, float* log_prob, float* others, Stream stream) {
  if (rows == 0) return;
  launch(forward<T>, static_cast<unsigned>(rows), kThreads, stream, logits, targets, vocab, log_prob, others);
}

template <class T>
void token_log_prob_backward(const T* logits, const std::int64_t* targets, const float* others,
                             const float* upstream, std::int64_t rows, std::int64_t vocab, T* grad,
                             Stream stream) {
  if (rows == 0) return;
  launch(backward<T>, static_cast<unsigned>(rows), kThreads, stream, logits, targets, others, upstream, vocab,
         grad);
}

template void token_log_prob_forward(const float*, const std::int64_t*, std::int64_t, std::int64_t, float*,
                                     float*, Stream);
template void token_log_prob_forward(const Bf16*, const std::int64_t*, std::int64_t, std::int64_t, float*,
                                     float*, Stream);
template void token_log_prob_backward(const float*, const std::int64_t*, const float*, const float*,
                                      std::int64_t, std::int64_t, float*, Stream);
template void token_log_prob_backward(const Bf16*, const std::int64_t*, const float*, const float*,
                                      std::int64_t, std::int64_t, Bf16*, Stream);

}  // namespace lethe::kernels
