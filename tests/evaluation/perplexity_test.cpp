#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(PerplexityMetric, AgreesWithTheOracle) {
  expect_golden(metric("perplexity", "answers: perturbed")->compute(golden_inputs()), "perplexity");
}

TEST(PerplexityMetric, WeighsTokensAndNotSamples) {
  Inputs inputs;
  inputs.answers[{"forget", Answers::right}] = {{answer({-1.0})}, {answer({-2.0, -2.0, -2.0})}};
  EXPECT_NEAR(*metric("perplexity")->compute(inputs).value, std::exp(7.0 / 4), 1e-12);
}
}  // namespace
}  // namespace lethe::evaluation
