// determinism: elastic over NCCL's stand-in, with random delays on every stream: the bits of one rank alone.
// LETHE_NCCL_SEEDS (20) is how many delays are tried.
#include <gtest/gtest.h>

#include <cstdlib>

#include "framework/dist/nccl_group.h"
#include "tests/support/fake_cuda/fake_cuda.h"
#include "tests/support/ranks.h"
#include "tests/training/elastic_run.h"

namespace lethe::training::elastic {
namespace {

constexpr int kUpdates = 2;

std::uint64_t seeds() {
  const char* const text = std::getenv("LETHE_NCCL_SEEDS");
  return text ? std::strtoull(text, nullptr, 10) : 20;
}

std::unique_ptr<dist::ProcessGroup> start_nccl() {
  return dist::make_nccl_world_group(
      {.control = lethe::testing::world().group(),
       .watchdog = std::make_shared<dist::Watchdog>("this rank", 100, [](const Error&) {}),
       .on_failure = [](const Error& error) { ADD_FAILURE() << error.what(); }});
}

// The grids of this world, each with micro-batches of another size.
std::vector<GridCase> grids() {
  const int world = lethe::testing::world().info().size;
  std::vector<GridCase> all = {{world, 0, 0, 2},
                               {world, 1, 0, 3},
                               {world, 2, 0, 100, true},
                               {world, 3, 0, 2, true, walk::Recompute::full}};
  if (world == 4) all.push_back({4, 3, 2, 3, true});
  return all;
}

void expect_the_bits_of_one_rank(at::ScalarType compute) {
  const auto model = lethe::testing::tiny_model();
  const auto alone = dist::make_single_group();
  const Outcome expected = train_rank(model, {1, 0, 0, 3}, compute, kUpdates, *alone);
  const auto nccl = start_nccl();
  const auto cases = grids();
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    fake_cuda::set_delays(seed, 100);
    const GridCase& grid = cases[seed % cases.size()];
    expect_same_bits(train_rank(model, grid, compute, kUpdates, *nccl), expected, grid);
  }
}

TEST(NcclElastic, LossNormGradientAndWeightsAreThoseOfOneRank) { expect_the_bits_of_one_rank(at::kFloat); }
TEST(NcclElastic, InBf16Too) { expect_the_bits_of_one_rank(at::kBFloat16); }

}  // namespace
}  // namespace lethe::training::elastic
