#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(MiaMinK, AgreesWithTheOracle) {
  expect_golden(metric("mia_min_k")->compute(golden_inputs()), "mia_min_k");
}

TEST(MiaMinK, HasTheSpecificationsVectors) {
  Inputs inputs = vector_inputs();
  inputs.answers[{"holdout", Answers::right}] = inputs.answers[{"forget", Answers::right}];
  const Result result = metric("mia_min_k")->compute(inputs);
  EXPECT_NEAR(*result.parts[0].second.samples[0].value, 4.88300976, 5e-9);
  EXPECT_NEAR(*result.parts[0].second.samples[1].value, 5.02358060, 5e-9);
  EXPECT_EQ(*result.value, 0.5) << "the same texts on both sides cannot be told apart";
}

TEST(MiaMinK, LeavesOutTheLastTokenAndTakesAtLeastOne) {
  Inputs inputs;
  inputs.answers[{"forget", Answers::right}] = {{answer({-1.0, -3.0, -9.0})}};
  inputs.answers[{"holdout", Answers::right}] = {{answer({-5.0})}};
  const Result result = metric("mia_min_k", "k: 0.1")->compute(inputs);
  EXPECT_EQ(*result.parts[0].second.value, 3.0);
  EXPECT_EQ(*result.parts[1].second.value, 0.0) << "an answer of one token";
}
}  // namespace
}  // namespace lethe::evaluation
