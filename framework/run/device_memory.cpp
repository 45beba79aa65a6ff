#include <c10/core/CachingDeviceAllocator.h>

#include "framework/run/gpu.h"

namespace lethe::run {

DeviceMemory device_memory(at::Device device) {
  auto* const allocator =
      device.is_cpu() ? nullptr : dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  if (allocator == nullptr) return {};
  const auto stats = allocator->getDeviceStats(device.index());
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  const auto bytes = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  return {.now = bytes(stats.allocated_bytes[kAll].current),
          .peak = bytes(stats.allocated_bytes[kAll].peak),
          .peak_reserved = bytes(stats.reserved_bytes[kAll].peak),
          .allocations = bytes(stats.allocation[kAll].allocated)};
}

std::optional<std::uint64_t> free_device_memory(at::Device device) {
  if (!device.is_cuda()) return std::nullopt;
  auto* const allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  if (allocator == nullptr) return std::nullopt;
  return allocator->getMemoryInfo(device.index()).first;
}

}  // namespace lethe::run
