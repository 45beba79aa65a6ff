// One evaluation of every set: answer probability, truth ratio where the data has paraphrases, ROUGE-L recall
// of generated answers. Distributed over samples; every rank gets the numbers, rank 0 records them.
#pragma once

#include <map>
#include <string>

#include "framework/run/engine.h"
#include "framework/run/run_output.h"

namespace lethe::run {

// "forget.probability" … of the sets that were evaluated.
using Aggregates = std::map<std::string, double>;

// Collective. tag: "before", "after" or "step N".
Aggregates evaluate_sets(const RunConfig& config, Engine& engine, const SampleSets& sets,
                         const std::string& tag, std::int64_t step, RunOutput& output);

// Mean length-normalised answer probability of a set. Collective.
[[nodiscard]] double mean_probability(Engine& engine, const SampleSet& set);

}  // namespace lethe::run
