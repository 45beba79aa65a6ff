// Streams of the device that a rank computes on. On the CPU they are those of dist/stream.h; on a GPU they
// are LibTorch's streams, so that its operations and its allocator see them. Only device-neutral interfaces
// of LibTorch are used: nothing here links its CUDA part.
#pragma once

#include <c10/core/Device.h>

#include <functional>
#include <memory>

#include "framework/base/wait_clock.h"
#include "framework/dist/stream.h"

namespace lethe::sharding {

// A stream beside the arithmetic. `overlap` false: its work is done where it is enqueued, in the order of
// calls.
[[nodiscard]] std::unique_ptr<dist::Stream> make_side_stream(at::Device device, bool overlap);

// The arithmetic itself: whatever stream the calling thread's operations go to. The CPU's are over when they
// return.
class ComputeQueue {
 public:
  explicit ComputeQueue(at::Device device) : device_(device) {}
  // What is computed after this sees what came before the event. A GPU waits by itself, the host goes on: how
  // long, its own clock tells (take_waits) where it waited for other ranks.
  void wait(const dist::Event& event) const;
  void wait_for_ranks(const dist::Event& event, base::Wait which) const;
  // What is enqueued on `stream` after this sees what was computed so far.
  void hold_back(dist::Stream& stream) const;

 private:
  at::Device device_;
};

// base::take_waits() and, on a GPU, how long the arithmetic that this thread queued stood waiting since the
// last call. Blocks until the last of those waits is over.
[[nodiscard]] base::WaitSeconds take_waits();

// Runs `work` here and now; its collectives over the device's memory are queued behind the arithmetic.
void in_compute_order(at::Device device, const std::function<void()>& work);

// This thread computes on `device` from now on, on a GPU on a stream of its own: work on CUDA's default
// stream would not be ordered with collectives.
void compute_on(at::Device device);

}  // namespace lethe::sharding
