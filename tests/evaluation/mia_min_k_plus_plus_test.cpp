#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(MiaMinKPlusPlus, AgreesWithTheOracle) {
  expect_golden(metric("mia_min_k_plus_plus")->compute(golden_inputs()), "mia_min_k_plus_plus");
}

TEST(MiaMinKPlusPlus, HasTheSpecificationsVectors) {
  Inputs inputs = vector_inputs();
  inputs.answers[{"holdout", Answers::right}] = inputs.answers[{"forget", Answers::right}];
  const Result result = metric("mia_min_k_plus_plus")->compute(inputs);
  EXPECT_NEAR(*result.parts[0].second.samples[0].value, 0.40672629, 5e-9);
  EXPECT_NEAR(*result.parts[0].second.samples[1].value, 0.64257482, 5e-9);
  EXPECT_EQ(*result.value, 0.5) << "the same texts on both sides cannot be told apart";
}
}  // namespace
}  // namespace lethe::evaluation
