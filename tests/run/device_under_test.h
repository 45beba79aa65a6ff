// What device_run_test.cpp runs on: the fenced device (fenced_gpus.cpp) or the GPUs of this machine
// (real_gpus.cpp).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/dist/world.h"

namespace lethe::run {

// Why it cannot be used here; empty where it can.
[[nodiscard]] std::string why_no_device(const dist::RankInfo& rank);

// Whether work was done on the device since the last call.
[[nodiscard]] bool took_part();

struct Precision {
  std::string compute;  // model.compute
  double tolerance;  // relative, of losses, norms, scores and metrics, against the CPU in the same precision
};
[[nodiscard]] std::vector<Precision> precisions();

}  // namespace lethe::run
