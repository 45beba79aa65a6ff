#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(ModelUtilityMetric, AgreesWithTheOracleAndIsZeroWithOnePartGone) {
  Inputs inputs;
  const auto parts = golden()["parts"].get<std::vector<double>>();
  for (std::size_t i = 0; i < parts.size(); ++i) inputs.results["p" + std::to_string(i)].value = parts[i];
  const auto utility = metric("model_utility", "of: [p0, p1, p2]");
  expect_golden(utility->compute(inputs), "model_utility");
  inputs.results["p1"].value = 0;
  EXPECT_EQ(*utility->compute(inputs).value, 0);
}

TEST(ModelUtilityMetric, IsNullWithThePartThatIs) {
  Inputs inputs;
  inputs.results["p"] = null_result("nothing there");
  EXPECT_EQ(metric("model_utility", "of: [p]")->compute(inputs).reason, "p: nothing there");
}

TEST(ModelUtilityMetric, IsNullWithANegativePart) {
  Inputs inputs;
  inputs.results["q"].value = 0.5;
  inputs.results["p"].value = -25;
  const Result result = metric("model_utility", "of: [q, p]")->compute(inputs);
  EXPECT_FALSE(result.value);
  EXPECT_EQ(result.reason, "p is -25, and a harmonic mean has none below 0");
}

TEST(ModelUtilityMetric, OfNothingIsRefused) { EXPECT_THROW((void)metric("model_utility", "of: []"), Error); }

TEST(ModelUtilityMetric, ReadsTofusNineByDefault) {
  EXPECT_EQ(metric("model_utility")->needs().results.size(), 9U);
}
}  // namespace
}  // namespace lethe::evaluation
