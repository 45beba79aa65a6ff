#include "framework/run/device.h"

#include <algorithm>
#include <array>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"
#include "framework/dist/affinity.h"
#include "framework/dist/nccl_group.h"
#include "framework/run/gpu.h"
#include "framework/sharding/device_stream.h"

namespace lethe::run {

DeviceChoice choose_device(const std::string& word, const dist::DeviceProbe& found,
                           const dist::RankInfo& rank) {
  const dist::RankPlace place{
      .local_rank = rank.local_rank, .local_size = rank.local_size, .host = rank.host};
  const dist::Device device = dist::choose_device(word, place, found);
  return {.word = device.cuda ? "cuda" : "cpu", .reason = device.reason, .index = device.index};
}

bool each_sees_its_own(dist::ProcessGroup& world, const std::string& host, const dist::DeviceProbe& found) {
  using Name = std::array<char, 32>;  // of a host's GPU; zeros where a rank sees none, or several
  Name own{};
  if (found.count == 1)
    std::ranges::copy(base::hash_text(host + ' ' + found.pci_addresses.at(0)), own.begin());
  std::vector<Name> all(static_cast<std::size_t>(world.size()));
  world.all_gather({own.data(), own.size(), dist::DType::u8},
                   {all.data(), all.size() * own.size(), dist::DType::u8});
  std::ranges::sort(all);
  return all.front() != Name{} && std::ranges::adjacent_find(all) == all.end();
}

ComputeDevice::ComputeDevice(const std::string& word, dist::World& world) {
  dist::DeviceProbe found;
  if (word != "cpu") {
    found = dist::probe_devices();
    found.one_a_rank = each_sees_its_own(world.group(), world.info().host, found);
  }
  choice_ = choose_device(word, found, world.info());
  if (word != "cpu") take_gpu(word, world);
  if (choice_.word == "cuda") stay_near(world, found);
  if (world.info().rank != 0) return;
  if (!choice_.reason.empty()) spdlog::info("device: {}", choice_.reason);
  if (choice_.word == "cuda") spdlog::info("device: {} GPU(s), one a rank", world.info().size);
}

// All ranks compute on GPUs or none: a host without one, or without CUDA's libraries, decides for all.
void ComputeDevice::take_gpu(const std::string& word, dist::World& world) {
  std::string problem = choice_.word == "cuda" ? load_gpu_support() : choice_.reason;
  std::int64_t missing = problem.empty() ? 0 : 1;
  if (word == "cuda" && missing != 0)
    fail("device.none",
         fmt::format("LibTorch's CUDA part cannot be used on {}: {}", world.info().host, problem),
         "launchers/setup --cuda fetches its libraries; or run on CPU with device: cpu");
  world.group().all_reduce({&missing, 1, dist::DType::i64}, dist::Reduce::max);
  if (missing != 0) {
    if (choice_.reason.empty())
      choice_.reason = fmt::format("GPUs cannot be used on every host ({}): computing on the CPU",
                                   problem.empty() ? "another rank has none" : problem);
    choice_.word = "cpu";
    return;
  }
  device_ = gpu(choice_.index);
  sharding::compute_on(device_);
  if (world.info().size > 1)
    data_plane_ = dist::make_nccl_world_group(
        {.control = world.group(), .watchdog = world.shared_watchdog(), .on_failure = &dist::end_lost_job});
}

// Threads of this rank, and what they allocate, on the cores whose memory is nearest to its GPU.
void ComputeDevice::stay_near(dist::World& world, const dist::DeviceProbe& found) const {
  if (found.one_a_rank && world.info().local_size > 1) return;  // who dealt out GPUs deals out cores too
  const auto index = static_cast<std::size_t>(choice_.index);
  if (index >= found.pci_addresses.size()) return;
  const auto near = dist::cpus_near(found.pci_addresses[index]);
  if (!near) return;
  int before = 0, together = 0;  // ranks of this host whose GPUs are near to the same cores
  for (int rank = 0; rank < world.info().local_size; ++rank) {
    const auto other = dist::cpus_near(found.pci_addresses[static_cast<std::size_t>(rank)]);
    if (!other || other->cpus != near->cpus) continue;
    before += rank < world.info().local_rank ? 1 : 0;
    ++together;
  }
  (void)dist::keep_thread_to(dist::share_of(near->cpus, before, together));
}

}  // namespace lethe::run
