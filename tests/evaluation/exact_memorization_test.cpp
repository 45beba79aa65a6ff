#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(ExactMemorizationMetric, HasTheSpecificationsVectors) {
  const Result result = metric("exact_memorization")->compute(vector_inputs());
  EXPECT_NEAR(*result.samples[0].value, 0.66666667, 5e-9);
  EXPECT_NEAR(*result.samples[1].value, 0.5, 1e-12);
}

TEST(ExactMemorizationMetric, AgreesWithTheOracle) {
  expect_golden(metric("exact_memorization")->compute(golden_inputs()), "exact_memorization");
}

TEST(ExactMemorizationMetric, AnAnswerOfOneTokenIsNullAndLeftOut) {
  Inputs inputs;
  inputs.answers[{"forget", Answers::right}] = {{answer({-1.0}, {0.0})}, {answer({-1.0, -1.0}, {1.0, 0.0})}};
  const Result result = metric("exact_memorization")->compute(inputs);
  EXPECT_TRUE(result.samples[0].fields["score"].is_null());
  EXPECT_EQ(*result.value, 1.0) << "the last token does not count";
}

TEST(ExactMemorizationMetric, AveragesOverAllAnswersOfASample) {
  Inputs inputs;
  inputs.answers[{"forget", Answers::perturbed}] = {
      {answer({-1, -1, -1}, {1, 1, 0}), answer({-1, -1, -1}, {0, 1, 0}), answer({-1})},
      {answer({-1, -1}, {0, 0})},
      {answer({-1})}};
  const Result result = metric("exact_memorization", "answers: perturbed")->compute(inputs);
  EXPECT_EQ(*result.samples[0].value, 0.75) << "the answer of one token has no share";
  EXPECT_EQ(*result.value, 0.375);
  EXPECT_EQ(result.samples[0].fields["score"], records::Json({1.0, 0.5, nullptr}));
  EXPECT_FALSE(result.samples[2].value.has_value());
}
}  // namespace
}  // namespace lethe::evaluation
