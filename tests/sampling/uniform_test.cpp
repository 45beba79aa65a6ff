#include <gtest/gtest.h>

#include <vector>

#include "framework/config/document.h"
#include "framework/sampling/sampler.h"
#include "tests/sampling/chi_square.h"

namespace lethe::sampling {
namespace {

TEST(Uniform, GivesEverySampleTheSameProbability) {
  config::Section root = config::parse("sampler: uniform");
  const auto sampler = make_sampler(root, "sampler", "uniform", "");
  sampler->update({.count = 4,
                   .seed = 3,
                   .total_steps = 10,
                   .scores = {1, 2, 3, 4},
                   .score_errors = {},
                   .tokens = {1, 1, 3, 4},
                   .losses = {0.1, 0.2, 0.4, 5.0}});
  for (const double p : sampler->weights(0).probability) EXPECT_DOUBLE_EQ(p, 0.25);
}

TEST(Uniform, DrawsAllEquallyOftenAndRepeatsWhereItMay) {
  config::Section root = config::parse("sampler: {name: uniform, replacement: true}");
  const auto sampler = make_sampler(root, "sampler", "uniform", "");
  sampler->update({.count = 5, .seed = 3});
  std::vector<std::int64_t> counts(5);
  bool repeats = false;
  for (std::uint64_t step = 0; step < 4000; ++step) {
    const auto ids = sampler->batch(step, 3);
    for (const auto id : ids) ++counts[static_cast<std::size_t>(id)];
    repeats = repeats || ids[0] == ids[1];
  }
  EXPECT_GT(chi_square_p_value(counts, std::vector<double>(5, 0.2)), 1e-4);  // the seed is fixed
  EXPECT_TRUE(repeats);
}

}  // namespace
}  // namespace lethe::sampling
