#include "framework/scoring/job_grid.h"

namespace lethe::scoring {
namespace {

std::size_t ceil_div(std::size_t a, std::size_t b) { return (a + b - 1) / b; }

}  // namespace

std::vector<std::vector<Job>> rounds_of_jobs(std::size_t draws, std::size_t packs,
                                             const dist::ProcessGroup& world, std::size_t at_once,
                                             bool together) {
  const std::size_t all = draws * packs, ranks = static_cast<std::size_t>(world.size()),
                    rank = static_cast<std::size_t>(world.rank());
  std::vector<std::vector<Job>> rounds;
  for (std::size_t job = 0; job < all; ++job) {
    if (job * ranks / all != rank) continue;
    if (rounds.empty() || rounds.back().size() == at_once) rounds.emplace_back();
    rounds.back().push_back({job / packs, job % packs});
  }
  if (together) rounds.resize(ceil_div(ceil_div(all, ranks), at_once));
  return rounds;
}

std::int64_t draws_that_keep_busy(std::int64_t ranks, std::int64_t packs) {
  for (std::int64_t draws = 1; draws < ranks; ++draws) {
    const std::int64_t jobs = draws * packs, rounds = (jobs + ranks - 1) / ranks;
    if (10 * jobs >= 9 * rounds * ranks) return draws;
  }
  return ranks;
}

}  // namespace lethe::scoring
