// What a run's configuration and data ask of a rank, as the memory plan wants to know it.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/planning/workload.h"
#include "framework/run/run_config.h"
#include "framework/run/sample_sets.h"

namespace lethe::run {

struct SampleLength {
  std::int64_t tokens = 0, scored = 0;
};

struct DataLengths {
  std::vector<SampleLength> forget, retain;
  // The longest other answer of each sample, where the objective reads them.
  std::vector<SampleLength> alternate{}, retain_alternate{};
};

[[nodiscard]] SampleLength length_of(const data::TokenizedSample& sample);
[[nodiscard]] std::vector<SampleLength> lengths_of(const SampleSet& set);
// Without other answers.
[[nodiscard]] DataLengths lengths_of(const SampleSets& sets);
// Measures `alternate` and `retain_alternate`. Errors: those of read_alternates.
void add_alternates(DataLengths& lengths, const RunConfig& config, std::span<const data::Sample> forget,
                    std::span<const data::Sample> retain, const data::SampleTokenizer& tokenizer);

// Samples of an update, over all ranks: none of a set that the objective does not read, and without
// replacement no more than the set has.
struct UpdateSamples {
  std::int64_t forget = 0, retain = 0;
  std::int64_t all() const noexcept { return forget + retain; }
};
[[nodiscard]] UpdateSamples samples_of_update(const RunConfig& config, const DataLengths& data);

// The most that one of `ranks` ranks holds at once in an update with the longest samples of both sets.
[[nodiscard]] planning::PackSize largest_pack(const RunConfig& config, const DataLengths& data, int ranks,
                                              std::int64_t micro_batch);

// Of stage 0 on `world` ranks; `group`: ranks of a shard group above that.
[[nodiscard]] planning::Workload workload_of(const RunConfig& config, const models::ParameterIndex& index,
                                             const DataLengths& data, int group, int world);

}  // namespace lethe::run
