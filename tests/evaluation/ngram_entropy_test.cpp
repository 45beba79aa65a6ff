#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(NgramEntropyMetric, AgreesWithTheOracle) {
  expect_golden(metric("ngram_entropy")->compute(golden_inputs()), "ngram_entropy");
}

TEST(NgramEntropyMetric, ATextThatRepeatsItselfHasNone) {
  Inputs inputs;
  inputs.generations["forget"] = {{.input = "", .ground_truth = "", .text = "no no no no no no"},
                                  {.input = "", .ground_truth = "", .text = "one two three four five six"}};
  const Result result = metric("ngram_entropy")->compute(inputs);
  EXPECT_EQ(*result.samples[0].value, 0);
  EXPECT_NEAR(*result.samples[1].value, (2.0 / 3 * std::log2(5) + 4.0 / 3 * 2) / 2, 1e-12);
}
}  // namespace
}  // namespace lethe::evaluation
