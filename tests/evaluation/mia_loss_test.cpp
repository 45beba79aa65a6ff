#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(MiaLoss, AgreesWithTheOracle) {
  expect_golden(metric("mia_loss")->compute(golden_inputs()), "mia_loss");
}

TEST(MiaLoss, HasTheSpecificationsVectors) {
  Inputs inputs = vector_inputs();
  inputs.answers[{"holdout", Answers::right}] = inputs.answers[{"forget", Answers::right}];
  const Result result = metric("mia_loss")->compute(inputs);
  EXPECT_NEAR(*result.parts[0].second.samples[0].value, 1.40937536, 5e-9);
  EXPECT_NEAR(*result.parts[0].second.samples[1].value, 1.99353427, 5e-9);
  EXPECT_EQ(*result.value, 0.5) << "the same texts on both sides cannot be told apart";
}

TEST(MiaLoss, IsNullWithoutAHoldoutSet) {
  EXPECT_EQ(metric("mia_loss")->compute(vector_inputs()).reason, "there is no set `holdout` (eval.sets)");
}
}  // namespace
}  // namespace lethe::evaluation
