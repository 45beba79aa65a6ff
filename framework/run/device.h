// Which device a run computes on, and the refusal of one that is not there.
#pragma once

#include <string>

#include "framework/dist/world.h"

namespace lethe::run {

struct DeviceCounts {
  bool built = false;  // LibTorch has CUDA
  int gpus = 0;        // that this process sees and the driver can use
};
[[nodiscard]] DeviceCounts count_devices();

// `word`: auto, cpu or cuda. Gives "cpu" or "cuda"; auto is the CPU until every part of a run has a GPU path.
// Errors: device.none (no usable GPU), device.count (fewer GPUs than ranks on this host).
[[nodiscard]] std::string choose_device(const std::string& word, const DeviceCounts& found,
                                        const dist::RankInfo& rank);

}  // namespace lethe::run
