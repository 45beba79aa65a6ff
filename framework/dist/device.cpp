#include "framework/dist/device.h"

#include "framework/base/error.h"

namespace lethe::dist {
namespace {

std::string why_none(const DeviceProbe& probe) {
  if (!probe.built) return "this lethe was built without CUDA";
  return probe.problem.empty() ? "no GPU is visible" : "no usable GPU (CUDA: " + probe.problem + ")";
}

}  // namespace

Device choose_device(std::string_view wanted, const RankPlace& place, const DeviceProbe& probe) {
  if (wanted == "cpu") return {};
  LETHE_CHECK(wanted == "cuda" || wanted == "auto", "no device is called `{}`", wanted);
  if (probe.count == 0) {
    if (wanted == "auto") return {.reason = why_none(probe) + ": computing on the CPU"};
    fail("device.none", fmt::format("{} on {}", why_none(probe), place.host), "run on CPU with device: cpu");
  }
  if (probe.one_a_rank) return {.cuda = true, .index = 0};
  if (probe.count < place.local_size)
    fail("device.count", fmt::format("{} ranks, {} GPUs on {}", place.local_size, probe.count, place.host),
         fmt::format("start {} ranks on this host, give each rank another GPU, or use device: cpu",
                     probe.count));
  return {.cuda = true, .index = place.local_rank};
}

}  // namespace lethe::dist
