#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(ProbabilityMetric, HasTheSpecificationsVectors) {
  const Result result = metric("probability")->compute(vector_inputs());
  EXPECT_NEAR(*result.samples[0].value, 0.24429583, 5e-9);
  EXPECT_NEAR(*result.samples[1].value, 0.13621316, 5e-9);
  EXPECT_NEAR(result.samples[0].fields["avg_loss"].get<double>(), 1.40937536, 5e-9);
  EXPECT_NEAR(result.samples[1].fields["avg_loss"].get<double>(), 1.99353427, 5e-9);
}

TEST(ProbabilityMetric, AgreesWithTheOracleForEveryKindOfAnswer) {
  for (const char* answers : {"answer", "paraphrased", "perturbed"})
    expect_golden(metric("probability", std::string("answers: ") + answers)->compute(golden_inputs()),
                  std::string("probability/") + answers);
}

TEST(ProbabilityMetric, SeveralAnswersAreListsInResultFiles) {
  const Result result = metric("probability", "answers: perturbed")->compute(golden_inputs());
  EXPECT_EQ(result.samples[0].fields["prob"].size(), 5U);
  EXPECT_EQ(metric("probability", "answers: perturbed")->column().name, "probability_perturbed");
}

TEST(ProbabilityMetric, IsNullWithAReasonWhereNothingIsThere) {
  Inputs inputs;
  inputs.answers[{"forget", Answers::perturbed}] = {{}, {}};
  const Result result = metric("probability", "answers: perturbed")->compute(inputs);
  EXPECT_FALSE(result.value.has_value());
  EXPECT_EQ(result.reason, "forget: no sample has a perturbed answer");
}
}  // namespace
}  // namespace lethe::evaluation
