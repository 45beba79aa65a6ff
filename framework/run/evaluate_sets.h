// One evaluation of a run's sets by its suite of metrics: distributed over samples, resumed where it was
// killed. Every rank gets the numbers; rank 0 records them and writes the result files.
#pragma once

#include <filesystem>
#include <map>
#include <string>

#include "framework/evaluation/formula.h"
#include "framework/run/engine.h"
#include "framework/run/run_output.h"

namespace lethe::run {

// "forget.probability", "model_utility", … of what could be computed.
using Aggregates = std::map<std::string, double>;

// Collective. tag: "before", "after" or "step N". Result files go to `folder`; evals/<tag> of the run
// directory where empty.
Aggregates evaluate_sets(const RunConfig& config, Engine& engine, const SampleSets& sets,
                         const std::string& tag, std::int64_t step, RunOutput& output,
                         const std::filesystem::path& folder = {});

// Measures what `formula` reads, and no more. Nothing where a metric that decides is null. Collective.
[[nodiscard]] std::optional<double> evaluate_formula(const evaluation::Formula& formula,
                                                     const RunConfig& config, Engine& engine,
                                                     const SampleSets& sets);

// Mean length-normalised answer probability of a set. Collective.
[[nodiscard]] double mean_probability(Engine& engine, const SampleSet& set);

}  // namespace lethe::run
