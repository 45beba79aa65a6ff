// Which device a run computes on, the refusal of one that is not there, and what the engine needs of it.
#pragma once

#include <memory>
#include <string>

#include "framework/dist/device.h"
#include "framework/dist/world.h"
#include "framework/sharding/grid.h"

namespace lethe::run {

struct DeviceChoice {
  std::string word;    // "cpu" or "cuda"
  std::string reason;  // why `auto` took the CPU, for the log; empty where the CPU was asked for
  int index = 0;       // of the GPU on this host
};

// `word`: auto, cpu or cuda. Errors: device.none (cuda, and no usable GPU), device.count (fewer GPUs than
// ranks on this host).
[[nodiscard]] DeviceChoice choose_device(const std::string& word, const dist::DeviceProbe& found,
                                         const dist::RankInfo& rank);

// Whether the ranks of each host see one GPU each, and no two the same. Collective.
[[nodiscard]] bool each_sees_its_own(dist::ProcessGroup& world, const std::string& host,
                                     const dist::DeviceProbe& found);

// A rank's device for the time of a run: chosen once, by the local rank, and made the calling thread's own.
// The groups over its memory live here.
class ComputeDevice {
 public:
  // Collective. Rank 0 logs why `auto` took the CPU. Errors: as choose_device; device.none where a rank
  // cannot load LibTorch's CUDA part (with auto all ranks take the CPU then).
  ComputeDevice(const std::string& word, dist::World& world);

  const std::string& word() const noexcept { return choice_.word; }
  sharding::Placement placement() const noexcept {
    return {.device = device_,
            .data_plane = data_plane_.get(),
            .host_memory = device_.is_cpu() ? nullptr : &dist::pinned_memory};
  }

 private:
  void take_gpu(const std::string& word, dist::World& world);
  void stay_near(dist::World& world, const dist::DeviceProbe& found) const;

  DeviceChoice choice_;
  at::Device device_ = at::kCPU;
  std::unique_ptr<dist::ProcessGroup> data_plane_;  // null: the world's own group
};

}  // namespace lethe::run
