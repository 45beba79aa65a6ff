// A run's curves and measurements as an event file that TensorBoard reads: scalars by step, no text. Numbers
// are float32 there, as TensorBoard holds them; the records keep all digits.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "framework/report/run_summary.h"

namespace lethe::report {

struct ScalarEvent {
  std::int64_t step = 0;
  double wall_time = 0;                               // seconds since 1970, UTC
  std::vector<std::pair<std::string, float>> values;  // "train/loss"
};

// train/loss, train/<term>, train/learning_rate, … by step; <set>/<metric> by evaluation. What is not finite
// stays: TensorBoard draws it as such. A step's time is the run's start and the steps' own seconds.
[[nodiscard]] std::vector<ScalarEvent> scalar_events(const RunSummary& run);

// The bytes of a file: TFRecord frames of Event messages, the version first.
[[nodiscard]] std::string event_file(const std::vector<ScalarEvent>& events);

// CRC-32C (Castagnoli).
[[nodiscard]] std::uint32_t crc32c(std::string_view bytes);

// One file a run: folder/events.out.tfevents.lethe, or folder/<run>/… where there are several runs. Runs
// without a number get none. Errors: io.write.
void write_tensorboard(const std::vector<const RunSummary*>& runs, const std::filesystem::path& folder);

}  // namespace lethe::report
