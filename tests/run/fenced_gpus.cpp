// In the place of framework/run/gpu.cpp and of the nccl group: a host with GPUs, each of them the fenced
// device, and a data plane over its memory.
#include <cstddef>
#include <memory>
#include <utility>

#include "framework/dist/device.h"
#include "framework/dist/nccl_group.h"
#include "framework/run/gpu.h"
#include "tests/run/device_under_test.h"
#include "tests/support/fenced_device/fenced_device.h"

namespace lethe::dist {

DeviceProbe probe_devices() { return {.built = true, .count = 8}; }
std::shared_ptr<void> pinned_memory(std::size_t bytes) {
  return {new std::byte[bytes], [](void* memory) { delete[] static_cast<std::byte*>(memory); }};
}
bool nccl_is_built() noexcept { return true; }
std::string nccl_version() { return "0.0.0"; }
std::unique_ptr<ProcessGroup> make_nccl_world_group(const NcclStart& start) {
  return testing::make_fenced_group(start.control);
}
void abort_nccl() noexcept {}

}  // namespace lethe::dist

namespace lethe::run {

std::string load_gpu_support() { return ""; }
at::Device gpu(int) { return testing::fenced_device(); }

std::string why_no_device(const dist::RankInfo&) { return ""; }
bool took_part() {
  static std::int64_t before = 0;
  const std::int64_t now = testing::fenced_operations();
  return now > std::exchange(before, now) + 1000;
}
// The CPU's kernels, so that only the order of some sums differs.
std::vector<Precision> precisions() { return {{"float64", 1e-9}}; }

}  // namespace lethe::run
