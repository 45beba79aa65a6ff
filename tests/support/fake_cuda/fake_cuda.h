// Stand-ins for libcudart and libnccl: a stream is a thread that sleeps a random time before each operation,
// so that a forgotten wait gives a wrong result; memory is host memory. The real headers are included, so the
// compiler checks every signature. Link one of these into a test instead of the libraries, never beside them.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>

namespace lethe::fake_cuda {

// Queues `work` on the stream's thread.
void enqueue(cudaStream_t stream, std::function<void()> work);

// The delays of this process's streams from now on: up to `microseconds`, drawn from `seed`.
void set_delays(std::uint64_t seed, unsigned microseconds);

}  // namespace lethe::fake_cuda
