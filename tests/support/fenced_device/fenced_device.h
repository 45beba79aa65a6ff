// A device for tests that is not the CPU, so that "everything is made on the device" can be executed where no
// GPU is. LibTorch sees a device of its own (PrivateUse1) whose arithmetic is the CPU's. Its memory is
// fenced: the host's use of a device pointer is a segmentation fault, memory is NaN until it is written, and
// an operation that mixes a device tensor with a host tensor (but a scalar) throws, as on a GPU. Only copies
// cross the fence.
#pragma once

#include <c10/core/Device.h>

#include "framework/dist/process_group.h"

namespace lethe::testing {

// Registers the device, once; to be called before it is used.
[[nodiscard]] at::Device fenced_device();

// How long a stream stands at each event of another one.
void set_stream_wait(int milliseconds);

// What the device itself does: the host's address of a device pointer, for stand-ins of its libraries.
[[nodiscard]] void* behind_the_fence(const void* device_pointer);

// A data plane for it: spans are of device memory, `under` moves them. A host pointer is refused.
[[nodiscard]] std::unique_ptr<dist::ProcessGroup> make_fenced_group(dist::ProcessGroup& under);

// Operations run on the device so far, by all threads.
[[nodiscard]] std::int64_t fenced_operations();

}  // namespace lethe::testing
