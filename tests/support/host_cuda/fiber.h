// Fibers: a stack and a place on it, switched without the kernel's help. The sanitizers are told of every
// switch. Files of this folder are never instrumented themselves: what the scheduler does must not look like
// a device thread.
#pragma once

#include <cstddef>

namespace lethe::host_cuda {

class Fiber {
 public:
  using Entry = void (*)(void* argument);

  Fiber() = default;  // the caller's own thread of execution
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Gives this fiber a stack (kept from one start to the next) and lets it begin with entry(argument) when
  // first switched to. `entry` must not return: its last act is a switch away.
  void start(Entry entry, void* argument);
  // Leaves `from`, which is running, for this one. `last`: `from` will never run again as it is now.
  void switch_from(Fiber& from, bool last);
  // First thing that an entry calls, with the fiber that it was switched from.
  void arrived(Fiber& from);
  void adopt_thread();  // for the caller's own: what the race checker knows it by

 private:
  void* stack_ = nullptr;
  std::size_t stack_bytes_ = 0;
  const void* bottom_ = nullptr;  // as the address checker sees it
  std::size_t bottom_bytes_ = 0;
  void* place_ = nullptr;  // saved stack pointer
  void* fake_stack_ = nullptr;
  void* race_fiber_ = nullptr;
};

}  // namespace lethe::host_cuda
