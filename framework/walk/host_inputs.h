// Block inputs in the host's memory between a forward and its backward, so that a device holds one or two of
// them instead of one for each block. Copies run in order on a stream of their own, beside the blocks.
//
// A ticket's bytes are written while the next block runs; at most one input is on its way out, so the device
// never holds more than two. The backward asks for the next ticket (fetch) before it runs a block and takes
// it after. On the CPU the same happens between two buffers of the same memory: nothing is saved, but the
// order of copies and waits is the device's.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "framework/dist/stream.h"
#include "framework/sharding/device_stream.h"
#include "framework/sharding/grid.h"

namespace lethe::walk {

class HostInputs {
 public:
  struct Ticket {
    at::Tensor host, back;    // counted as Memory::offloaded; as what the caller's scope says
    at::TensorOptions there;  // where and what the input was
    dist::Event written, read;
    bool holds() const { return host.defined(); }
  };

  // `placement`: of the inputs.
  explicit HostInputs(const sharding::Placement& placement)
      : placement_(placement),
        compute_(placement.device),
        copies_(sharding::make_side_stream(placement.device, /*overlap=*/true)) {}
  ~HostInputs() { copies_->drain(); }
  HostInputs(const HostInputs&) = delete;
  HostInputs& operator=(const HostInputs&) = delete;

  // Starts to copy `input`, which nobody may write to afterwards; its bytes are free once that is done and
  // the caller has let go.
  [[nodiscard]] Ticket put(const at::Tensor& input);
  // Starts to bring it back. Does nothing for a ticket that holds nothing or is on its way.
  void fetch(Ticket& ticket);
  // Waits for it, gives up the host's buffer, and leaves the ticket empty.
  [[nodiscard]] at::Tensor take(Ticket& ticket);

 private:
  at::Tensor place_for(const at::Tensor& input);
  std::vector<at::Tensor>::iterator smallest_free(std::size_t bytes);

  sharding::Placement placement_;
  // Of the placement's host memory, bytes. A block is free where no ticket has a view of it; what was queued
  // with it is done before the next, since all copies are of one stream.
  std::vector<at::Tensor> blocks_;
  sharding::ComputeQueue compute_;
  at::Tensor leaving_;  // the last input, until its bytes are out: nobody may have its memory before
  dist::Event last_written_;
  std::unique_ptr<dist::Stream> copies_;
};

}  // namespace lethe::walk
