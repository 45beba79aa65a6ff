// LibTorch's CUDA part. The program does not link it: it is loaded when a GPU is to be used, so that the same
// program starts where neither driver nor CUDA's libraries are. Everything else asks LibTorch's
// device-neutral interfaces.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

namespace lethe::run {

// Loads it and sets what must be set before its first use. Empty, or why it cannot be used: the loader's
// words.
[[nodiscard]] std::string load_gpu_support();

// The device that the process knows as number `index`; after load_gpu_support().
[[nodiscard]] at::Device gpu(int index);

struct DeviceMemory {               // of LibTorch's allocator and of collectives (group_memory.h), in bytes
  std::uint64_t now = 0, peak = 0;  // handed out
  std::uint64_t peak_reserved = 0;  // taken from the driver
  std::uint64_t allocations = 0;    // so far, a number, of the allocator
};
// Zeros for the CPU; what collectives have for a device whose allocator does not tell.
[[nodiscard]] DeviceMemory device_memory(at::Device device);

// Bytes of a device that are free; nothing for the CPU and where its allocator does not tell.
[[nodiscard]] std::optional<std::uint64_t> free_device_memory(at::Device device);

}  // namespace lethe::run
