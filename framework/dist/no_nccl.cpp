// Instead of nccl_group.cpp, cuda_stream.cpp and cuda_device.cpp, where CUDA's or NCCL's headers are not
// there.
#include "framework/base/error.h"
#include "framework/dist/cuda_stream.h"
#include "framework/dist/device.h"
#include "framework/dist/nccl_group.h"

namespace lethe::dist {
namespace {

[[noreturn]] void refuse() {
  fail("device.none", "this lethe was built without CUDA",
       "run on CPU with device: cpu, or build with LETHE_CUDA=ON");
}

}  // namespace

bool nccl_is_built() noexcept { return false; }
std::string nccl_version() { return ""; }
std::unique_ptr<ProcessGroup> make_nccl_world_group(const NcclStart&) { refuse(); }
void abort_nccl() noexcept {}
std::unique_ptr<Stream> make_cuda_stream() { refuse(); }
DeviceProbe probe_devices() { return {}; }
std::shared_ptr<void> pinned_memory(std::size_t) { refuse(); }

}  // namespace lethe::dist
