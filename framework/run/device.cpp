#include "framework/run/device.h"

#include <torch/cuda.h>

#include "framework/base/error.h"

namespace lethe::run {

DeviceCounts count_devices() {
  if (!at::hasCUDA()) return {};
  // No driver, or one too old for this LibTorch, counts as no GPU.
  return {.built = true,
          .gpus = torch::cuda::is_available() ? static_cast<int>(torch::cuda::device_count()) : 0};
}

std::string choose_device(const std::string& word, const DeviceCounts& found, const dist::RankInfo& rank) {
  if (word != "cuda") return "cpu";
  const char* hint = "see which GPUs and which driver there are: nvidia-smi";
  if (!found.built)
    fail("device.none", "device: cuda, but this LibTorch is built without CUDA; run on CPU with device: cpu",
         "build with the CUDA archive of LibTorch (LETHE_TORCH_DIR)");
  if (found.gpus == 0)
    fail("device.none",
         fmt::format("no GPU that the driver can use on {}; run on CPU with device: cpu", rank.host), hint);
  if (found.gpus < rank.local_size)
    fail("device.count", fmt::format("{} ranks, {} GPUs on {}", rank.local_size, found.gpus, rank.host),
         hint);
  return "cuda";
}

}  // namespace lethe::run
