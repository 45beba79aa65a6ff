// Memory of a device, counted by hand: the counting allocator sees the host's only. What lives as long as a
// store or an optimizer is added here, and given back when they go.
#pragma once

#include <ATen/core/Tensor.h>

#include "framework/base/memory_counter.h"

namespace lethe::sharding {

class DeviceBytes {
 public:
  DeviceBytes() = default;
  DeviceBytes(const DeviceBytes&) = delete;
  DeviceBytes& operator=(const DeviceBytes&) = delete;
  ~DeviceBytes() { add(-bytes_); }
  // Counts a new tensor as the thread's category, of the counters that it has at the first one. Host memory
  // is counted where it is allocated.
  void count(const at::Tensor& tensor) {
    if (tensor.is_cpu()) return;
    if (!counters_) counters_ = base::MemoryScope::counters();
    category_ = base::MemoryScope::category();
    add(static_cast<std::int64_t>(tensor.nbytes()));
  }

 private:
  void add(std::int64_t bytes) {
    bytes_ += bytes;
    if (counters_) counters_->add(category_, bytes);
  }
  base::MemoryCountersPtr counters_;
  base::Memory category_ = base::Memory::other;
  std::int64_t bytes_ = 0;
};

}  // namespace lethe::sharding
