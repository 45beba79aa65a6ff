#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

// Two samples: correct losses 1 and 2, five wrong answers each.
Inputs specified() {
  Inputs inputs;
  inputs.answers[{"forget", Answers::right}] = {{}, {}};
  inputs.answers[{"forget", Answers::paraphrased}] = {{answer_of_loss(1)}, {answer_of_loss(2)}};
  auto& wrong = inputs.answers[{"forget", Answers::perturbed}];
  wrong.resize(2);
  for (const double loss : {1.5, 2.5, 2.0, 1.0, 3.0}) wrong[0].push_back(answer_of_loss(loss));
  for (int i = 0; i < 5; ++i) wrong[1].push_back(answer_of_loss(2));
  return inputs;
}

TEST(TruthRatioMetric, HasTheSpecificationsVectors) {
  const auto value = [](const std::string& aggregator) {
    return *metric("truth_ratio", "aggregator: " + aggregator)->compute(specified()).value;
  };
  EXPECT_NEAR(value("closer_to_1_better"), 0.68393972, 5e-9);
  EXPECT_NEAR(value("true_better"), 0.31606028, 5e-9);
  EXPECT_NEAR(value("prob_mean"), 0.61552929, 5e-9);
  const Result ratios = metric("truth_ratio")->compute(specified());
  EXPECT_NEAR(*ratios.samples[0].value, 0.36787944, 5e-9);
  EXPECT_NEAR(*ratios.samples[1].value, 1.0, 1e-9);
}

TEST(TruthRatioMetric, AgreesWithTheOracleInItsThreeForms) {
  const Inputs inputs = golden_inputs();
  expect_golden(metric("truth_ratio")->compute(inputs), "truth_ratio/closer_to_1_better");
  expect_golden(metric("truth_ratio", "set: general, correct: answer")->compute(inputs),
                "truth_ratio/true_better");
  expect_golden(metric("truth_ratio", "aggregator: prob_mean")->compute(inputs), "truth_ratio/prob_mean");
}

TEST(TruthRatioMetric, TakesTheAnswerItselfWhereThereIsNoParaphrase) {
  Inputs inputs = golden_inputs();
  for (auto& sample : inputs.answers[{"forget", Answers::paraphrased}]) sample.clear();
  EXPECT_EQ(metric("truth_ratio")->compute(inputs).value,
            metric("truth_ratio", "correct: answer")->compute(inputs).value);
  EXPECT_FALSE(metric("truth_ratio", "correct: paraphrased")->compute(inputs).value.has_value());
}
}  // namespace
}  // namespace lethe::evaluation
