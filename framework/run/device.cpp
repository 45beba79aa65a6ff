#include "framework/run/device.h"

#include "framework/base/error.h"
#include "framework/base/log.h"

namespace lethe::run {

DeviceChoice choose_device(const std::string& word, const dist::DeviceProbe& found,
                           const dist::RankInfo& rank) {
  if (word == "cpu") return {.word = "cpu"};
  const std::string unused = fmt::format(
      "{} GPU(s) on {}, which the engine does not use: it computes on the CPU", found.count, rank.host);
  if (word == "auto" && found.count > 0) return {.word = "cpu", .reason = unused};
  const dist::RankPlace place{
      .local_rank = rank.local_rank, .local_size = rank.local_size, .host = rank.host};
  const dist::Device device = dist::choose_device(word, place, found);
  if (device.cuda) fail("device.none", unused, "run on CPU with device: cpu");
  return {.word = "cpu", .reason = device.reason};
}

std::string device_of_run(const std::string& word, const dist::RankInfo& rank) {
  const DeviceChoice choice =
      choose_device(word, word == "cpu" ? dist::DeviceProbe{} : dist::probe_devices(), rank);
  if (rank.rank == 0 && !choice.reason.empty()) spdlog::info("device: {}", choice.reason);
  return choice.word;
}

}  // namespace lethe::run
