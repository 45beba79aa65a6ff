#include "framework/report/expected_uses.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace lethe::report {
namespace {

using records::SamplerRecord;
using ::testing::DoubleEq;
using ::testing::ElementsAre;

SamplerRecord sampler_of(const std::vector<double>& weights, bool with_replacement) {
  const double sum = std::accumulate(weights.begin(), weights.end(), 0.0);
  SamplerRecord sampler{.with_replacement = with_replacement};
  for (const double weight : weights) sampler.weights.push_back({.probability = weight / sum});
  return sampler;
}

// Chances of being in a batch of successive draws, each in proportion to what is left: over all orders.
void add_orders(const std::vector<double>& left, std::size_t draws, double chance,
                std::vector<double>& uses) {
  if (draws == 0) return;
  const double sum = std::accumulate(left.begin(), left.end(), 0.0);
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (left[i] == 0) continue;
    const double now = chance * left[i] / sum;
    uses[i] += now;
    std::vector<double> others = left;
    others[i] = 0;
    add_orders(others, draws - 1, now, uses);
  }
}

double sum_of(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

TEST(ExpectedUses, WithReplacementAreProportionalToTheWeights) {
  EXPECT_THAT(expected_uses(sampler_of({6, 3, 1}, true), 5),
              ElementsAre(DoubleEq(3), DoubleEq(1.5), DoubleEq(0.5)));
}

TEST(ExpectedUses, WithoutReplacementAreTheChancesOfBeingInTheBatch) {
  const std::vector<double> weights{8, 4, 3, 2, 2, 1, 1, 0.1};
  for (const std::size_t size : {1u, 2u, 4u}) {
    std::vector<double> exact(weights.size());
    add_orders(weights, size, 1, exact);
    const auto uses = expected_uses(sampler_of(weights, false), size);
    EXPECT_NEAR(sum_of(uses), static_cast<double>(size), 1e-9);
    for (std::size_t i = 0; i < uses.size(); ++i) {
      EXPECT_NEAR(uses[i], exact[i], 0.03) << i << " of a batch of " << size;
      EXPECT_LE(uses[i], 1);
    }
  }
}

TEST(ExpectedUses, OfEqualWeightsAreEqual) {
  for (const double use : expected_uses(sampler_of(std::vector<double>(40, 1), false), 8))
    EXPECT_NEAR(use, 0.2, 1e-12);
}

TEST(ExpectedUses, SamplesWithoutAWeightComeWhenAllOthersAreInTheBatch) {
  EXPECT_THAT(expected_uses(sampler_of({3, 1, 0, 0}, false), 3), ElementsAre(1, 1, 0.5, 0.5));
  EXPECT_THAT(expected_uses(sampler_of({3, 1, 0, 0}, false), 2), ElementsAre(1, 1, 0, 0));
  EXPECT_THAT(expected_uses(sampler_of({1, 1, 1, 0}, false), 1),
              ElementsAre(DoubleEq(1.0 / 3), DoubleEq(1.0 / 3), DoubleEq(1.0 / 3), 0));
}

TEST(ExpectedUses, HoldWhereWeightsDifferByHundredsOfOrders) {
  const auto uses = expected_uses(sampler_of({1, 1e-150, 1e-300, 5e-324}, false), 3);
  EXPECT_NEAR(sum_of(uses), 3, 1e-6);
  EXPECT_NEAR(uses[0], 1, 1e-12);
  EXPECT_NEAR(uses[1], 1, 1e-12);
}

}  // namespace
}  // namespace lethe::report
