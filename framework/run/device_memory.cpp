#include <c10/core/CachingDeviceAllocator.h>

#include "framework/dist/group_memory.h"
#include "framework/run/gpu.h"

namespace lethe::run {

namespace {

DeviceMemory of_allocator(at::Device device) {
  auto* const allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  if (allocator == nullptr) return {};
  const auto stats = allocator->getDeviceStats(device.index());
  constexpr auto kAll = static_cast<std::size_t>(c10::CachingAllocator::StatType::AGGREGATE);
  const auto bytes = [](std::int64_t value) { return static_cast<std::uint64_t>(value); };
  return {.now = bytes(stats.allocated_bytes[kAll].current),
          .peak = bytes(stats.allocated_bytes[kAll].peak),
          .peak_reserved = bytes(stats.reserved_bytes[kAll].peak),
          .allocations = bytes(stats.allocation[kAll].allocated)};
}

}  // namespace

DeviceMemory device_memory(at::Device device) {
  if (device.is_cpu()) return {};
  DeviceMemory memory = of_allocator(device);
  const dist::GroupMemory given = dist::group_memory();
  memory.now += given.now, memory.peak += given.peak, memory.peak_reserved += given.peak;
  return memory;
}

std::optional<std::uint64_t> free_device_memory(at::Device device) {
  if (!device.is_cuda()) return std::nullopt;
  auto* const allocator = dynamic_cast<c10::DeviceAllocator*>(c10::GetAllocator(device.type()));
  if (allocator == nullptr) return std::nullopt;
  return allocator->getMemoryInfo(device.index()).first;
}

}  // namespace lethe::run
