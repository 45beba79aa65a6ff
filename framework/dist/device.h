// Which device a rank computes on: its part of `device: auto|cuda|cpu`.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::dist {

struct DeviceProbe {    // what CUDA says of this machine
  bool built = false;   // lethe was built with CUDA's and NCCL's headers
  int count = 0;        // GPUs
  std::string problem;  // CUDA's words where count is 0: "CUDA driver version is insufficient …"
  std::vector<std::string> pci_addresses;  // by GPU: "0000:3B:00.0"
  // Each rank of this host sees one GPU, and each another one: Slurm's --gpus-per-task does that.
  bool one_a_rank = false;
};
[[nodiscard]] DeviceProbe probe_devices();

// Host memory of these bytes, more than none, from and to which GPUs copy at full speed (and beside other
// work), until the last owner lets go, who must have waited for its copies. Errors: `oom`; `device.none`
// (built without CUDA).
[[nodiscard]] std::shared_ptr<void> pinned_memory(std::size_t bytes);

struct Device {
  bool cuda = false;
  int index = 0;       // of the GPU among those that this rank sees: the local rank
  std::string reason;  // where `auto` took the CPU: why, for the log
};

struct RankPlace {
  int local_rank = 0, local_size = 1;
  std::string host;
};
// `wanted`: "auto", "cuda" or "cpu". Errors: `device.none` (cuda, but there is no usable GPU), `device.count`
// (fewer GPUs than ranks on this host; also for auto, which must not put some ranks on the CPU).
[[nodiscard]] Device choose_device(std::string_view wanted, const RankPlace& place, const DeviceProbe& probe);

}  // namespace lethe::dist
