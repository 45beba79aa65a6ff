#include "framework/run/exact_numbers.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

namespace lethe::run {
namespace {

TEST(ExactNumbers, ComeBackFromACheckpointBitForBit) {
  const double infinity = std::numeric_limits<double>::infinity();
  const std::vector<double> values = {1.0 / 3, -2.5e-310, infinity, -infinity, std::nan("")};
  const auto back = numbers_from(nlohmann::json::parse(exact_numbers(values).dump()));
  ASSERT_EQ(back.size(), values.size());
  for (std::size_t i = 0; i + 1 < values.size(); ++i) EXPECT_EQ(back[i], values[i]);
  EXPECT_TRUE(std::isnan(back.back()));
}

TEST(ExactNumbers, ReadWhatOlderCheckpointsHold) {
  const auto back = numbers_from(nlohmann::json::parse("[0.25, null]"));
  EXPECT_EQ(back.at(0), 0.25);
  EXPECT_TRUE(std::isnan(back.at(1)));
}

}  // namespace
}  // namespace lethe::run
