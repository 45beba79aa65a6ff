#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(ExtractionStrengthMetric, HasTheSpecificationsVectors) {
  const Result result = metric("extraction_strength")->compute(vector_inputs());
  EXPECT_NEAR(*result.samples[0].value, 0.66666667, 5e-9);
  EXPECT_NEAR(*result.samples[1].value, 0.5, 1e-12);
}

TEST(ExtractionStrengthMetric, AgreesWithTheOracle) {
  expect_golden(metric("extraction_strength")->compute(golden_inputs()), "extraction_strength");
}

TEST(ExtractionStrengthMetric, AnAnswerOfOneTokenCountsAsZero) {
  Inputs inputs;
  inputs.answers[{"forget", Answers::right}] = {{answer({-1.0})}, {answer({-1.0, -1.0})}};
  EXPECT_EQ(*metric("extraction_strength")->compute(inputs).value, 0.5);
}

TEST(ExtractionStrengthMetric, AveragesOverAllAnswersOfASample) {
  Inputs inputs;
  inputs.answers[{"forget", Answers::perturbed}] = {
      {answer({-1, -1, -1}, {1, 1, 0}), answer({-1, -1, -1}, {0, 1, 0})},
      {answer({-1, -1, -1}, {1, 1, 1}), answer({-1})}};
  const Result result = metric("extraction_strength", "answers: perturbed")->compute(inputs);
  EXPECT_EQ(result.samples[0].fields["score"], records::Json({1.0, 0.5}));
  EXPECT_EQ(*result.samples[0].value, 0.75);
  EXPECT_EQ(*result.samples[1].value, 0.5);
  EXPECT_EQ(*result.value, 0.625);
}
}  // namespace
}  // namespace lethe::evaluation
