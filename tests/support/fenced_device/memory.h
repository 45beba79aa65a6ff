// The device's memory: one file mapped twice, once for the device's pointers without any access, once for
// what the device does. Internal to fenced_device.
#pragma once

#include <c10/core/Allocator.h>

namespace lethe::testing {

[[nodiscard]] c10::Allocator& fenced_allocator();
// The other mapping's address; null for null. A pointer that is not the device's is an error.
[[nodiscard]] void* host_address(const void* device_pointer);
[[nodiscard]] bool is_fenced(const void* pointer) noexcept;

}  // namespace lethe::testing
