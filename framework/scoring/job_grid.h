// Who does which pass: the grid of draws (a perturbation, or a group of directions) times packs of samples,
// cut into one run of neighbours for each rank, so that ranks take draws first and then samples.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/dist/process_group.h"

namespace lethe::scoring {

struct Job {
  std::size_t draw = 0, pack = 0;
};

// This rank's jobs, at most `at_once` of them in a round. `together`: every rank has the same number of
// rounds, some of them shorter or empty, because their collectives must be joined.
[[nodiscard]] std::vector<std::vector<Job>> rounds_of_jobs(std::size_t draws, std::size_t packs,
                                                           const dist::ProcessGroup& world,
                                                           std::size_t at_once, bool together);

// Passes that walk together: of perturbed weights as many as share a gather or a copy of each block (four
// pairs of one pack); jets where the model is sharded, since they share nothing else. Each holds its hidden
// states between blocks.
[[nodiscard]] constexpr std::size_t jobs_at_once(bool jets, bool sharded) {
  return jets ? (sharded ? 4 : 1) : 8;
}

// As few draws as keep nine tenths of the ranks' time busy; as many as there are ranks always do.
[[nodiscard]] std::int64_t draws_that_keep_busy(std::int64_t ranks, std::int64_t packs);

}  // namespace lethe::scoring
