#include "framework/sharding/host_buffer.h"

#include <ATen/ATen.h>

#include <memory>
#include <utility>

#include "framework/base/memory_counter.h"

namespace lethe::sharding {
namespace {

// Memory that LibTorch's allocators, and so the counting one, do not see.
class CountedMemory {
 public:
  CountedMemory(std::shared_ptr<void> memory, std::size_t bytes)
      : memory_(std::move(memory)), bytes_(static_cast<std::int64_t>(bytes)) {
    if (counters_) counters_->add(category_, bytes_);
  }
  ~CountedMemory() {
    if (counters_) counters_->add(category_, -bytes_);
  }
  CountedMemory(const CountedMemory&) = delete;
  CountedMemory& operator=(const CountedMemory&) = delete;
  void* data() const noexcept { return memory_.get(); }

 private:
  std::shared_ptr<void> memory_;
  std::int64_t bytes_;
  base::MemoryCountersPtr counters_ = base::MemoryScope::counters();
  base::Memory category_ = base::MemoryScope::category();
};

}  // namespace

at::Tensor host_buffer(const Placement& placement, at::IntArrayRef sizes, at::ScalarType dtype) {
  const auto bytes = static_cast<std::size_t>(c10::multiply_integers(sizes)) * c10::elementSize(dtype);
  if (placement.host_memory == nullptr || bytes == 0)
    return at::empty(sizes, at::TensorOptions(dtype).pinned_memory(placement.device.is_cuda()));
  const auto memory = std::make_shared<CountedMemory>(placement.host_memory(bytes), bytes);
  return at::for_blob(memory->data(), sizes)
      .deleter([memory](void*) {})
      .options(dtype)
      .target_device(at::kCPU)
      .make_tensor();
}

}  // namespace lethe::sharding
