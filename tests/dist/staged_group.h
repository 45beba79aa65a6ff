// A group whose spans must lie in GPU memory, behind one whose spans lie anywhere on the host: each call is
// copied there and back. So the laws of conformance.h run over the real NCCL.
#pragma once

#include <memory>

#include "framework/dist/process_group.h"

namespace lethe::dist::tests {

[[nodiscard]] std::unique_ptr<ProcessGroup> make_staged_group(std::unique_ptr<ProcessGroup> on_gpu);

}  // namespace lethe::dist::tests
