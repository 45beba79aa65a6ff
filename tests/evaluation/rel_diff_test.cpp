#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(RelativeDifferenceMetric, AgreesWithTheOracleAndIsNullWithoutAReference) {
  Inputs inputs = golden_inputs();
  inputs.results["forget_truth_ratio"] = metric("truth_ratio")->compute(inputs);
  EXPECT_FALSE(metric("rel_diff")->compute(inputs).value.has_value());
  EXPECT_NEAR(*metric("rel_diff", "ref_value: 1.0")->compute(inputs).value,
              100 * (*inputs.results["forget_truth_ratio"].value - 1), 1e-6);
  inputs.retain.emplace();
  (*inputs.retain)["forget_truth_ratio"].value = golden()["retain"]["value"].get<double>();
  expect_golden(metric("rel_diff")->compute(inputs), "rel_diff");
}
}  // namespace
}  // namespace lethe::evaluation
