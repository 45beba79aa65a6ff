// `lethe score --analyse`: what makes a sample hard. Relates the scores of the forget set to everything else
// that is known of its samples.
#pragma once

#include "framework/run/score_forget_set.h"

namespace lethe::run {

// Before anything is scored: can score.later be related? Errors: as updates_needed.
void check_analysis(const RunConfig& config, const Engine& engine, const SampleSets& sets);

// Says the table, and records it with every sample's values. Collective. Errors: stopped, where a signal came
// (after listen_to_signals) before all is measured.
void analyse_scores(const RunConfig& config, Engine& engine, const SampleSets& sets,
                    const ForgetScores& scores, RunOutput& output);

}  // namespace lethe::run
