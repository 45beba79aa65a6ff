#include "framework/run/accounting.h"

#include <sys/resource.h>

#include <algorithm>
#include <vector>

#include "framework/base/atomic_file.h"
#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/base/trace.h"
#include "framework/run/gpu.h"
#include "framework/sharding/counting_allocator.h"
#include "framework/training/flops.h"

namespace lethe::run {
namespace {

// Categories, all together, resident, and of the device: taken from the driver at most, in use now.
constexpr std::size_t kAtOnce = base::kMemoryCategories, kResident = kAtOnce + 1, kDevicePeak = kAtOnce + 2,
                      kDeviceNow = kAtOnce + 3, kColumns = kAtOnce + 4;

std::int64_t peak_resident_bytes() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::int64_t>(usage.ru_maxrss) * 1024;
}

std::string_view column_name(std::size_t column) {
  if (column < base::kMemoryCategories) return base::name_of(static_cast<base::Memory>(column));
  return column == kAtOnce ? "at once" : column == kResident ? "resident" : "GPU, reserved";
}

void print_table(const std::vector<std::int64_t>& all, std::size_t ranks) {
  spdlog::info("memory, most at any time    rank 0    fullest rank");
  const std::size_t shown = all[kDevicePeak] > 0 ? kDevicePeak + 1 : kDevicePeak;
  for (std::size_t column = 0; column < shown; ++column) {
    std::int64_t fullest = 0;
    for (std::size_t rank = 0; rank < ranks; ++rank)
      fullest = std::max(fullest, all[rank * kColumns + column]);
    spdlog::info("  {:<18} {:>14} {:>15}", column_name(column),
                 base::readable_bytes(static_cast<std::uint64_t>(all[column])),
                 base::readable_bytes(static_cast<std::uint64_t>(fullest)));
  }
}

std::filesystem::path trace_part(const RunOutput& output, int rank) {
  return output.paths().root / fmt::format("trace.json.writing-{}", rank);
}

}  // namespace

Accounting::Accounting(bool profile, dist::World& world)
    : profile_(profile),
      world_(world.group()),
      counters_(std::make_shared<base::MemoryCounters>()),
      scope_(counters_, base::Memory::other) {
  sharding::count_allocations();
  if (profile_) base::start_trace(world.info().rank);
}

void Accounting::measure_peak(const at::TensorOptions& compute, RunOutput& output) {
  peak_flops_ = training::matmul_peak(compute, world_);
  output.append(records::EventRecord{
      .name = "matmul_peak",
      .message = fmt::format("{:.1f} GFLOP/s over {} ranks", peak_flops_ / 1e9, world_.size())});
}

double Accounting::utilisation(double flops, double seconds) const {
  return peak_flops_ > 0 ? flops / seconds / peak_flops_ : 0;
}

void Accounting::finish(std::int64_t step, at::Device device, RunOutput& output) {
  record_memory(step, device, output);
  if (profile_) write_trace(output);
}

void Accounting::record_memory(std::int64_t step, at::Device device, RunOutput& output) {
  const auto ranks = static_cast<std::size_t>(world_.size());
  std::vector<std::int64_t> mine(kColumns), all(kColumns * ranks);
  for (std::size_t c = 0; c < base::kMemoryCategories; ++c)
    mine[c] = counters_->peak(static_cast<base::Memory>(c));
  mine[kAtOnce] = counters_->peak_of_all();
  mine[kResident] = peak_resident_bytes();
  const DeviceMemory there = device_memory(device);
  mine[kDevicePeak] = static_cast<std::int64_t>(there.peak_reserved);
  mine[kDeviceNow] = static_cast<std::int64_t>(there.now);
  world_.all_gather(dist::span_of(std::span(mine)), dist::span_of(std::span(all)));
  for (std::size_t rank = 0; rank < ranks; ++rank) {
    const auto row = std::span(all).subspan(rank * kColumns, kColumns);
    records::MemoryRecord record{.step = step,
                                 .rank = static_cast<std::int64_t>(rank),
                                 .host = output.host(static_cast<int>(rank)),
                                 .peak_resident_bytes = static_cast<std::uint64_t>(row[kResident]),
                                 .device_bytes = static_cast<std::uint64_t>(row[kDeviceNow]),
                                 .peak_device_bytes = static_cast<std::uint64_t>(row[kDevicePeak])};
    for (std::size_t c = 0; c <= kAtOnce; ++c)
      record.categories[std::string(column_name(c))] = static_cast<std::uint64_t>(row[c]);
    output.append(record);
  }
  print_table(all, ranks);
}

// Ranks' events meet in one file, through the run directory.
void Accounting::write_trace(RunOutput& output) {
  base::write_file_atomically(trace_part(output, world_.rank()), base::take_trace());
  world_.barrier();  // every part is there
  if (world_.rank() != 0) return;
  std::string events;
  for (int rank = 0; rank < world_.size(); ++rank) {
    events += (rank == 0 ? "" : ",\n") + base::read_file(trace_part(output, rank));
    std::filesystem::remove(trace_part(output, rank));
  }
  base::write_file_atomically(output.paths().root / "trace.json", base::trace_file(events));
  spdlog::info("trace: {} (chrome://tracing or ui.perfetto.dev)",
               (output.paths().root / "trace.json").string());
}

}  // namespace lethe::run
