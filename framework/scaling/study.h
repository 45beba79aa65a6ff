// A scaling study: one configuration of `lethe train`, timed on several worlds. Strong scaling shares one
// batch out over all ranks; weak scaling gives every rank a batch of that size. Samples are drawn with
// replacement, so that a batch may be larger than its set. The runs are a campaign of one cell, one stage a
// world, one at a time, so a study that was stopped goes on where it was.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/scaling/time_model.h"

namespace lethe::scaling {

constexpr int kMostRanks = 100'000;

struct StudyOptions {
  std::string file;                   // configuration of `lethe train`
  std::vector<std::string> settings;  // "a.b=c", over the file
  std::vector<Kind> kinds = {Kind::strong, Kind::weak};
  std::vector<int> ranks;    // ascending, each once, at most kMostRanks
  std::int64_t updates = 6;  // of a run; the first warms up and is not counted
  std::int64_t forget_batch = 0,
               retain_batch = 0;  // samples of an update in strong scaling, of a rank's in weak
  std::filesystem::path out;
};

// The campaign's file.
[[nodiscard]] std::string campaign_yaml(const StudyOptions& options);

struct World {
  int ranks = 1;
  double seconds = 0;            // of an update, the median
  double tokens_per_second = 0;  // real tokens, over all ranks
  std::uint64_t peak_bytes = 0;  // of the hungriest rank
};

struct Scaling {
  Kind kind = Kind::strong;
  std::int64_t samples = 0;  // of an update (strong), or of one rank's share of it (weak)
  std::vector<World> worlds;
  TimeModel model;

  // Of N ranks against the smallest world that was measured (per rank), from real tokens a second: 1 is
  // ideal.
  [[nodiscard]] double efficiency(const World& world) const;
};

// From the records of the campaign's runs. Errors: run.missing and those of the records reader; run.short
// where a run has fewer than two updates.
[[nodiscard]] std::vector<Scaling> read_scaling(const StudyOptions& options);

}  // namespace lethe::scaling
