// Which device a run computes on, and the refusal of one that is not there.
#pragma once

#include <string>

#include "framework/dist/device.h"
#include "framework/dist/world.h"

namespace lethe::run {

struct DeviceChoice {
  std::string word;    // "cpu"
  std::string reason;  // why `auto` took the CPU, for the log; empty where the CPU was asked for
};

// `word`: auto, cpu or cuda. The engine computes on the CPU: auto takes it and says why, cuda is refused also
// where GPUs are. Errors: device.none (no usable GPU, or none that the engine uses), device.count (cuda, and
// fewer GPUs than ranks on this host).
[[nodiscard]] DeviceChoice choose_device(const std::string& word, const dist::DeviceProbe& found,
                                         const dist::RankInfo& rank);

// The same for a run: looks at this machine, and rank 0 logs the reason. Gives the word.
[[nodiscard]] std::string device_of_run(const std::string& word, const dist::RankInfo& rank);

}  // namespace lethe::run
