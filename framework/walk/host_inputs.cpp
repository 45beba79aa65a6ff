#include "framework/walk/host_inputs.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/base/error.h"
#include "framework/base/memory_counter.h"
#include "framework/sharding/host_buffer.h"

namespace lethe::walk {
namespace {

bool is_free(const at::Tensor& block) { return block.storage().use_count() == 1; }

}  // namespace

// Inputs of a step are as many as the step before had, and seldom of its sizes: a block serves whatever it
// has room for, and one that is too small makes room for a larger one.
at::Tensor HostInputs::place_for(const at::Tensor& input) {
  const base::MemoryScope memory(base::Memory::offloaded);
  const at::NoGradGuard no_grad;
  if (placement_.host_memory == nullptr)
    return sharding::host_buffer(placement_, input.sizes(), input.scalar_type());
  const auto bytes = static_cast<std::int64_t>(input.nbytes());
  auto block = smallest_free(input.nbytes());
  if (block == blocks_.end()) {
    if (const auto small = smallest_free(0); small != blocks_.end()) {
      copies_->drain();  // copies from and to it may be under way
      blocks_.erase(small);
    }
    blocks_.push_back(sharding::host_buffer(placement_, bytes, at::kByte));
    block = blocks_.end() - 1;
  }
  return block->narrow(0, 0, bytes).view(input.scalar_type()).view(input.sizes());
}

// Of those that have room; the end where there is none.
std::vector<at::Tensor>::iterator HostInputs::smallest_free(std::size_t bytes) {
  auto best = blocks_.end();
  for (auto block = blocks_.begin(); block != blocks_.end(); ++block)
    if (is_free(*block) && block->nbytes() >= bytes &&
        (best == blocks_.end() || block->nbytes() < best->nbytes()))
      best = block;
  return best;
}

HostInputs::Ticket HostInputs::put(const at::Tensor& input) {
  last_written_.wait();  // without it, all inputs of a pass may wait here for a slow copy
  Ticket ticket{.host = place_for(input), .there = input.options()};
  leaving_ = input;
  compute_.hold_back(*copies_);  // the input is computed
  copies_->enqueue([input, host = ticket.host] {
    const at::NoGradGuard no_grad;
    at::Tensor(host).copy_(input, /*non_blocking=*/true);
  });
  last_written_ = ticket.written = copies_->record();
  return ticket;
}

void HostInputs::fetch(Ticket& ticket) {
  if (!ticket.holds() || ticket.back.defined()) return;
  ticket.back = at::empty(ticket.host.sizes(), ticket.there);
  compute_.hold_back(*copies_);  // whoever had the new tensor's memory before is done
  copies_->enqueue([host = ticket.host, back = ticket.back] {
    const at::NoGradGuard no_grad;
    at::Tensor(back).copy_(host, /*non_blocking=*/true);
  });
  ticket.read = copies_->record();
}

at::Tensor HostInputs::take(Ticket& ticket) {
  LETHE_CHECK(ticket.holds(), "an input is taken that was not put");
  fetch(ticket);
  compute_.wait(ticket.read);
  leaving_ = at::Tensor();  // copies run in order: it is out as well
  at::Tensor back = std::move(ticket.back);
  ticket = {};
  return back;
}

}  // namespace lethe::walk
