// CUDA's streams and events with owners, and its codes as errors. Only for .cpp files of this part: it
// includes CUDA's headers.
#pragma once

#include <cuda_runtime_api.h>

#include <utility>

#include "framework/base/error.h"

namespace lethe::dist {

inline void check_cuda(cudaError_t code, const char* what) {
  if (code == cudaSuccess) return;
  fail("device.cuda", fmt::format("{} failed (CUDA: {})", what, cudaGetErrorString(code)),
       "look at the driver's log (dmesg, nvidia-smi -q)");
}

inline int current_gpu() {
  int gpu = 0;
  check_cuda(cudaGetDevice(&gpu), "cudaGetDevice");
  return gpu;
}

class CudaEvent {
 public:
  CudaEvent() { check_cuda(cudaEventCreateWithFlags(&event_, cudaEventDisableTiming), "cudaEventCreate"); }
  ~CudaEvent() {
    if (event_) cudaEventDestroy(event_);
  }
  CudaEvent(CudaEvent&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  CudaEvent& operator=(CudaEvent&&) = delete;
  cudaEvent_t get() const noexcept { return event_; }

 private:
  cudaEvent_t event_ = nullptr;
};

class CudaStreamHandle {  // never waits for the default stream
 public:
  CudaStreamHandle() {
    check_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreate");
  }
  ~CudaStreamHandle() {
    if (stream_) cudaStreamDestroy(stream_);
  }
  CudaStreamHandle(const CudaStreamHandle&) = delete;
  CudaStreamHandle& operator=(const CudaStreamHandle&) = delete;
  cudaStream_t get() const noexcept { return stream_; }

 private:
  cudaStream_t stream_ = nullptr;
};

}  // namespace lethe::dist
