#include <gtest/gtest.h>

#include <algorithm>

#include "framework/config/document.h"
#include "framework/sampling/sampler.h"

namespace lethe::sampling {
namespace {

TEST(Shuffle, ShowsEverySampleOnceAnEpoch) {
  config::Section root = config::parse("sampler: shuffle");
  const auto sampler = make_sampler(root, "sampler", "uniform", "");
  sampler->update({.count = 4,
                   .seed = 3,
                   .total_steps = 10,
                   .scores = {1, 2, 3, 4},
                   .score_errors = {},
                   .tokens = {1, 1, 3, 4},
                   .losses = {0.1, 0.2, 0.4, 5.0}});
  std::vector<std::int64_t> seen = sampler->batch(0, 2);
  for (const std::int64_t id : sampler->batch(1, 2)) seen.push_back(id);
  std::sort(seen.begin(), seen.end());
  EXPECT_EQ(seen, (std::vector<std::int64_t>{0, 1, 2, 3}));
}

}  // namespace
}  // namespace lethe::sampling
