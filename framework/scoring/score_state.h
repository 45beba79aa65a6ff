// What a scoring has so far: enough to go on after an interruption, bit for bit, at the next draw.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "framework/scoring/estimator.h"

namespace lethe::scoring {

struct ScoreState {
  std::string identity;  // of options, noise and set; a state goes on only where it fits
  double step = 0;       // sigma_eff
  std::vector<DrawValues> draws;
  bool calibrated = true;               // false where calibration found no step that it accepts
  std::int64_t calibration_passes = 0;  // that finding the step took
  // What it has cost so far, in all commands that made the draws: passes over all samples, their base passes
  // included, and seconds. 0 passes in a state of a version that did not say.
  std::int64_t passes = 0;
  double seconds = 0;
};

// One text file, values as hexadecimal floats, with a hash at its end; complete or absent. Errors: as
// write_file_atomically.
void save(const ScoreState& state, const std::filesystem::path& file);

// Errors: ckpt.corrupt (the content is not what was written), io.read.
[[nodiscard]] ScoreState load_score_state(const std::filesystem::path& file);

}  // namespace lethe::scoring
