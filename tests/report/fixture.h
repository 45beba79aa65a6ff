// A run as the trainer records it, with invented people and smooth numbers: 40 samples to forget, 80 to keep,
// 30 general.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>

#include "framework/records/record.h"

namespace lethe::report::testing {

struct FixtureRun {
  std::string name = "npo, MRD-weighted";
  std::string sampler = "mrd";
  std::string objective = "npo", purpose = "unlearning", data_exclude = "none";
  std::map<std::string, std::string> method = {};
  std::string stratum;      // of data.forget.select; empty: the whole set
  std::string more_config;  // YAML, whole lines
  std::uint64_t seed = 7;
  std::int64_t steps = 20;
  double forgotten = 0.04, kept = 0.81;  // answer probabilities after; before they are 0.91 and 0.90
  bool is_complete = true;               // false: killed in the middle, no evaluation after
};

// Writes run.json, records.jsonl and scores.jsonl into `folder` (which is made).
void write_fixture(const std::filesystem::path& folder, const FixtureRun& run = {});

}  // namespace lethe::report::testing
