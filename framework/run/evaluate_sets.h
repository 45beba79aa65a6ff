// One evaluation of a run's sets by its suite of metrics: distributed over samples, resumed where it was
// killed. Every rank gets the numbers; rank 0 records them and writes the result files.
#pragma once

#include <filesystem>
#include <map>
#include <span>
#include <string>

#include "framework/evaluation/formula.h"
#include "framework/evaluation/metric.h"
#include "framework/run/engine.h"
#include "framework/run/run_output.h"

namespace lethe::run {

// "forget.probability", "model_utility", … of what could be computed.
using Aggregates = std::map<std::string, double>;

// Of what the evaluations will read: hours of training end in a fault that was there from the start. Errors:
// eval.retain_log where the log is absent or lacks what the suite compares with; model.missing of
// eval.reference, those of read_hf_config, and those of check_model_reads() where it cannot read what is
// asked of it.
void check_evaluation(const RunConfig& config, const SampleSets& sets);

// Of what stop.when and checkpoint.keep_best go by. Errors: config.conflict for a metric that `sets` and the
// configuration leave without a value.
void check_rules(const RunConfig& config, const SampleSets& sets);

// What an evaluation of these sets measures.
[[nodiscard]] evaluation::Needs needs_of_evaluation(const RunConfig& config,
                                                    std::span<const SampleSet* const> sets);
// Samples of the set, from its beginning, that it looks at.
[[nodiscard]] std::size_t looked_at(const RunConfig& config, const SampleSet& set);

// Collective. tag: "before", "after" or "step N". Result files go to `folder`; evals/<tag> of the run
// directory where empty. Errors: stopped, once a rank was sent a signal; the same evaluation goes on where it
// was.
Aggregates evaluate_sets(const RunConfig& config, Engine& engine, const SampleSets& sets,
                         const std::string& tag, std::int64_t step, RunOutput& output,
                         const std::filesystem::path& folder = {});

// Collective. What the evaluations on record found, by tag and name (its `as` too): "step
// 10.forget.probability".
[[nodiscard]] Aggregates evaluations_on_record(const RunConfig& config, const RunOutput& output,
                                               dist::ProcessGroup& world);

// Measures what `formula` reads, and no more. Nothing where a metric that decides is null, with a warning.
// Collective. Errors: stopped.
[[nodiscard]] std::optional<double> evaluate_formula(const evaluation::Formula& formula,
                                                     const RunConfig& config, Engine& engine,
                                                     const SampleSets& sets);

// Mean length-normalised answer probability of one of `sets`, as an evaluation has it. Collective.
[[nodiscard]] double mean_probability(const RunConfig& config, Engine& engine, const SampleSets& sets,
                                      const SampleSet& set);

}  // namespace lethe::run
