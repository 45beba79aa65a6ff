// Stand-ins for libcudart and libnccl: a stream is a thread that sleeps a random time before each operation,
// so that a forgotten wait gives a wrong result; memory is host memory. The real headers are included, so the
// compiler checks every signature. Link one of these into a test instead of the libraries, never beside them.
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>
#include <functional>

struct ncclComm;

namespace lethe::fake_cuda {

// Queues `work` on the stream's thread.
void enqueue(cudaStream_t stream, std::function<void()> work);

// The delays of this process's streams from now on: up to `microseconds`, drawn from `seed`.
void set_delays(std::uint64_t seed, unsigned microseconds);

// What NCCL gave to this process and what of it communicators know.
struct MemoryCounts {
  int blocks = 0, registered = 0;  // now
  int registrations = 0;           // so far
  int unregistered_uses = 0;       // of buffers by gathers and reductions, so far
};
[[nodiscard]] MemoryCounts memory_counts();
// A gather or a reduction asks whether its buffer lies in memory that is registered with its communicator.
[[nodiscard]] bool is_registered(ncclComm* comm, const void* data);
// Ends the program where memory is still registered with it.
void forget_communicator(ncclComm* comm);

}  // namespace lethe::fake_cuda
