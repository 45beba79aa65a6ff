// The GPUs of this machine, one a rank.
#include <c10/core/impl/VirtualGuardImpl.h>
#include <fmt/format.h>

#include <utility>

#include "framework/dist/device.h"
#include "framework/run/gpu.h"
#include "tests/run/device_under_test.h"

namespace lethe::run {
namespace {

at::Device current_gpu() { return c10::impl::VirtualGuardImpl(at::kCUDA).getDevice(); }

}  // namespace

std::string why_no_device(const dist::RankInfo& rank) {
  const dist::DeviceProbe found = dist::probe_devices();
  if (found.count < rank.local_size)
    return fmt::format("needs {} GPU(s), found {} {}", rank.local_size, found.count, found.problem);
  if (const std::string problem = load_gpu_support(); !problem.empty()) return problem;
  (void)gpu(rank.local_rank);  // its allocator answers nothing before
  return "";
}

bool took_part() {
  static std::uint64_t before = 0;
  const std::uint64_t now = device_memory(current_gpu()).allocations;
  return now > std::exchange(before, now) + 100;
}

// float64 goes through LibTorch's own kernels and shows that nothing else differs; float32 and bf16 go
// through ours, bf16 through flash attention too. The tolerances are those of sums in another order, and of
// bf16's 8 bits.
std::vector<Precision> precisions() { return {{"float64", 1e-9}, {"float32", 1e-3}, {"bfloat16", 5e-2}}; }

}  // namespace lethe::run
