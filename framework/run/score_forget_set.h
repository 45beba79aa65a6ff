// Scores of the forget set for a run: measured now, or taken from an earlier run's records.
#pragma once

#include <vector>

#include "framework/run/engine.h"
#include "framework/run/run_output.h"

namespace lethe::run {

struct ForgetScores {
  // By sample of the forget set; the errors as weights read them (0 where noise adds nothing: mean_abs).
  std::vector<double> score, standard_error, loss;
  std::vector<std::int64_t> tokens;
  double sigma_eff = 0;  // the step they were measured at; 0 without one
  double seconds = 0;    // that measuring them took, in all commands that made draws
};

struct ScoringTurn {
  std::uint32_t refresh = 0;  // which scoring of the run
  std::int64_t step = 0;      // updates done
  double sigma_eff = 0;       // of the scoring before: kept while it still fits. 0: none
};

// Measures MRD, says how sure it is, and records it. Collective.
ForgetScores score_forget_set(const RunConfig& config, Engine& engine, const SampleSets& sets,
                              const ScoringTurn& turn, RunOutput& output);

// The draws of a scoring stay on disk, so that a command that is killed before it has used them need not
// repeat them. Removes them. Collective.
void forget_draws(dist::ProcessGroup& world, const RunOutput& output, std::uint32_t refresh);

// What can be found wrong with scores before anything is described or measured:

// Of data.forget.select: warning[score.source] where it scored another model, or this one after updates, or
// where one of its scores and score.estimator is mean_abs and the other is not.
void check_selection(const RunConfig& config, const Engine& engine);

// Of a scoring by this configuration. Errors: config.conflict, config.range.
void check_scoring(const RunConfig& config, const Engine& engine);

// Of the scores that a training run's sampler draws by, where it uses any. Warnings as check_selection.
// `begins`: no checkpoint holds them, so score.from must. Errors: as check_scoring where the run measures, as
// scores_from_run where it begins; config.conflict where score.from has scores of another mode.
void check_sampling(const RunConfig& config, const Engine& engine, const SampleSet& forget, bool begins);

// Of score.later: warning[score.source] where it trained another model.
void check_later_run(const RunConfig& config, const Engine& engine);

// The first scores that another run recorded, matched by sample id. `key`: the setting that names it. Errors:
// run.missing where it has none at all, score.missing where a sample has none.
[[nodiscard]] ForgetScores scores_from_run(const std::filesystem::path& folder, const SampleSet& forget,
                                           const std::string& key = "score.from");

}  // namespace lethe::run
