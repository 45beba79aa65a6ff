#include "framework/sharding/wire_buffer.h"

#include <ATen/ATen.h>
#include <c10/core/CachingDeviceAllocator.h>

#include <memory>

#include "framework/base/text.h"

namespace lethe::sharding {
namespace {

// What LibTorch keeps for later allocations may be the room that is missing.
void empty_cache(at::Device device) {
  if (device.is_cpu()) return;
  auto* const allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  if (allocator != nullptr) allocator->emptyCache();
}

std::shared_ptr<void> allocate(dist::ProcessGroup& group, std::size_t bytes, at::Device device) {
  if (std::shared_ptr<void> memory = group.allocate(bytes)) return memory;
  empty_cache(device);
  std::shared_ptr<void> memory = group.allocate(bytes);
  TORCH_CHECK_WITH(OutOfMemoryError, memory != nullptr, "out of memory: no ", base::readable_bytes(bytes),
                   " for collectives on ", device.str());
  return memory;
}

}  // namespace

at::Tensor wire_buffer(dist::ProcessGroup& group, std::int64_t size, const at::TensorOptions& options) {
  if (!group.gives_memory() || size == 0) return at::empty({size}, options);
  const std::shared_ptr<void> memory =
      allocate(group, static_cast<std::size_t>(size) * options.dtype().itemsize(), options.device());
  return at::for_blob(memory.get(), {size})
      .deleter([memory](void*) {})
      .options(options)
      .target_device(options.device())
      .make_tensor();
}

}  // namespace lethe::sharding
