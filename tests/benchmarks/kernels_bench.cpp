// Every kernel's bandwidth on a GPU, in bytes a second and in percent of a copy of the device's memory
// measured in the same process. Bytes are those that a kernel must move at least: each array once. Without a
// GPU it says so and exits with 77.
#include <benchmark/benchmark.h>
#include <cuda_runtime_api.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "kernels/adamw.h"
#include "kernels/perturb.h"
#include "kernels/rms_norm.h"
#include "kernels/rope.h"
#include "kernels/swiglu.h"
#include "kernels/token_nll.h"

namespace {

using namespace lethe::kernels;  // NOLINT: a program of its own

constexpr int kNoGpu = 77;
constexpr std::int64_t kTokens = 8192, kWidth = 4096, kHidden = 14336, kHeads = 32, kHeadDim = 128;
constexpr std::int64_t kRows = 2048, kShard = std::int64_t{1} << 26;

void check(cudaError_t code, const char* what) {
  if (code == cudaSuccess) return;
  std::fprintf(stderr, "%s: %s\n", what, cudaGetErrorString(code));
  std::exit(1);
}

// Device memory of zeros: finite numbers for every kernel, and speed does not depend on them.
template <class T>
class Device {
 public:
  explicit Device(std::int64_t count) {
    void* memory = nullptr;
    check(cudaMalloc(&memory, static_cast<std::size_t>(count) * sizeof(T)), "cudaMalloc");
    check(cudaMemset(memory, 0, static_cast<std::size_t>(count) * sizeof(T)), "cudaMemset");
    data_.reset(static_cast<T*>(memory));
  }
  operator T*() const { return data_.get(); }  // NOLINT: an array in device memory

 private:
  struct Free {
    void operator()(T* memory) const { cudaFree(memory); }
  };
  std::unique_ptr<T[], Free> data_;
};

struct Timer {
  Timer() {
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreate");
    check(cudaEventCreate(&start), "cudaEventCreate");
    check(cudaEventCreate(&end), "cudaEventCreate");
  }
  ~Timer() {
    cudaEventDestroy(end);
    cudaEventDestroy(start);
    cudaStreamDestroy(stream);
  }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;
  double seconds(const std::function<void(Stream)>& work) const {
    check(cudaEventRecord(start, stream), "cudaEventRecord");
    work(stream);
    check(cudaEventRecord(end, stream), "cudaEventRecord");
    check(cudaEventSynchronize(end), "a kernel");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, start, end), "cudaEventElapsedTime");
    return milliseconds / 1e3;
  }
  cudaStream_t stream = nullptr;
  cudaEvent_t start = nullptr, end = nullptr;
};

// Bytes a second of a copy within the device, the best of several.
double copy_speed() {
  static const double speed = [] {
    const Timer timer;
    const Device<char> from(kShard * 4), to(kShard * 4);
    double best = 0;
    for (int i = 0; i < 10; ++i) {
      const double seconds = timer.seconds([&](Stream s) {
        check(cudaMemcpyAsync(to, from, kShard * 4, cudaMemcpyDeviceToDevice, s), "cudaMemcpyAsync");
      });
      best = std::max(best, 2.0 * kShard * 4 / seconds);
    }
    return best;
  }();
  return speed;
}

void run(benchmark::State& state, std::int64_t bytes, const std::function<void(Stream)>& kernel) {
  const double copy = copy_speed();
  const Timer timer;
  (void)timer.seconds(kernel);  // the first launch loads the code
  double total = 0;
  for (auto _ : state) {
    const double seconds = timer.seconds(kernel);
    state.SetIterationTime(seconds);
    total += seconds;
  }
  const double speed = static_cast<double>(bytes) * static_cast<double>(state.iterations()) / total;
  state.counters["GB/s"] = speed / 1e9;
  state.counters["percent_of_copy"] = 100 * speed / copy;
}

void token_log_prob(benchmark::State& state) {
  const std::int64_t vocab = state.range(0), count = kRows * vocab;
  const Device<Bf16> logits(count), grad(count);
  const Device<std::int64_t> targets(kRows);
  const Device<float> log_prob(kRows), others(kRows);
  if (state.range(1) == 0)
    run(state, 2 * count,
        [&](Stream s) { token_log_prob_forward<Bf16>(logits, targets, kRows, vocab, log_prob, others, s); });
  else
    run(state, 6 * count, [&](Stream s) {
      token_log_prob_backward<Bf16>(logits, targets, others, log_prob, kRows, vocab, grad, s);
    });
}
BENCHMARK(token_log_prob)
    ->ArgsProduct({{49152, 128256}, {0, 1}})
    ->ArgNames({"vocab", "backward"})
    ->UseManualTime();

void rms_norm(benchmark::State& state) {
  const std::int64_t count = kTokens * kWidth;
  const Device<Bf16> x(count), residual(count), sum(count), y(count), gain(kWidth);
  const Device<float> inverse(kTokens), grad_gain(kWidth), partial(rms_norm_partial_rows(kTokens) * kWidth);
  if (state.range(0) == 0)
    run(state, 8 * count, [&](Stream s) {
      rms_norm_forward<Bf16>({x, residual, gain, sum, y, inverse, kTokens, kWidth, 1e-5f}, s);
    });
  else
    run(state, 8 * count, [&](Stream s) {
      rms_norm_backward<Bf16>({sum, gain, x, residual, inverse, y, grad_gain, partial, kTokens, kWidth}, s);
    });
}
BENCHMARK(rms_norm)->Arg(0)->Arg(1)->ArgName("backward")->UseManualTime();

void rotary(benchmark::State& state) {
  const std::int64_t count = kTokens * kHeads * kHeadDim, pairs = kTokens * kHeadDim / 2;
  const Device<Bf16> x(count), y(count), cos(pairs), sin(pairs);
  run(state, 4 * (count + pairs), [&](Stream s) {
    rope<Bf16>({x, cos, sin, y, kTokens, kHeads, kHeadDim}, Turn::forward, s);
  });
}
BENCHMARK(rotary)->UseManualTime();

void swiglu(benchmark::State& state) {
  const std::int64_t count = kTokens * kHidden;
  const Device<Bf16> gate(count), up(count), y(count), grad_gate(count), grad_up(count);
  if (state.range(0) == 0)
    run(state, 6 * count, [&](Stream s) { swiglu_forward<Bf16>(gate, up, y, count, s); });
  else
    run(state, 10 * count, [&](Stream s) {
      swiglu_backward<Bf16>({gate, up, y, grad_gate, grad_up, count}, s);
    });
}
BENCHMARK(swiglu)->Arg(0)->Arg(1)->ArgName("backward")->UseManualTime();

void fused_adamw(benchmark::State& state) {
  const Device<float> weights(kShard), first(kShard), second(kShard);
  const Device<Bf16> gradients(kShard), rounded(kShard);
  const AdamwStep step{1e-5, 0.9, 0.95, 1e-8, 0.01, 10, 1};
  run(state, 28 * kShard, [&](Stream s) {
    adamw<Bf16>({weights, gradients, first, second, rounded, kShard}, step, s);
  });
}
BENCHMARK(fused_adamw)->UseManualTime();

void perturbed(benchmark::State& state) {
  const Device<float> weights(kShard);
  const Device<Bf16> out(kShard);
  const NoiseKey key{42, state.range(0) == 0 ? Noise::rademacher : Noise::gaussian, 3, 1};
  run(state, 6 * kShard, [&](Stream s) { perturb<float, Bf16>(weights, out, kShard, 0, key, 1e-3f, s); });
}
BENCHMARK(perturbed)->Arg(0)->Arg(1)->ArgName("gaussian")->UseManualTime();

}  // namespace

int main(int argc, char** argv) {
  int count = 0;
  if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) {
    std::puts("needs 1 GPU, found 0");
    return kNoGpu;
  }
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 64;
  benchmark::AddCustomContext("copy_GB_per_s", std::to_string(copy_speed() / 1e9));
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
