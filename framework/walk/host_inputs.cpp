#include "framework/walk/host_inputs.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/base/error.h"
#include "framework/base/memory_counter.h"

namespace lethe::walk {

HostInputs::Ticket HostInputs::put(const at::Tensor& input) {
  last_written_.wait();  // without it, all inputs of a pass may wait here for a slow copy
  Ticket ticket{.there = input.options()};
  {
    const base::MemoryScope memory(base::Memory::offloaded);
    const bool pinned = input.is_cuda();  // a device copies at full speed from and to pinned memory only
    ticket.host = at::empty(input.sizes(), input.options().device(at::kCPU).pinned_memory(pinned));
  }
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
