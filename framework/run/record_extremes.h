// The texts of the samples that a scoring found easiest and hardest, for its report.
#pragma once

#include "framework/run/run_output.h"
#include "framework/run/score_forget_set.h"

namespace lethe::run {

// Five at either end, fewer where the set is small; samples whose score is no number are neither, and
// none is where the scoring saw nothing (all scores are 0). Not to be called where the configuration keeps
// forget texts out of records (report.redact: forget).
void record_extremes(const ForgetScores& scores, const SampleSet& forget, RunOutput& output);

}  // namespace lethe::run
