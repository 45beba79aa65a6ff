#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(ProbabilityWithOptions, HasTheSpecificationsVector) {
  Inputs inputs;
  inputs.answers[{"general", Answers::right}] = {{answer_of_loss(1)}, {answer_of_loss(2)}};
  auto& wrong = inputs.answers[{"general", Answers::perturbed}];
  wrong.resize(2);
  for (const double loss : {1.5, 2.5, 2.0, 1.0, 3.0}) wrong[0].push_back(answer_of_loss(loss));
  for (int i = 0; i < 5; ++i) wrong[1].push_back(answer_of_loss(2));
  EXPECT_NEAR(*metric("probability_w_options")->compute(inputs).value, 0.23335394, 5e-9);
}

TEST(ProbabilityWithOptions, AgreesWithTheOracle) {
  expect_golden(metric("probability_w_options")->compute(golden_inputs()), "probability_w_options");
}
}  // namespace
}  // namespace lethe::evaluation
