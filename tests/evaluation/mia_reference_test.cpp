#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(MiaReference, AgreesWithTheOracle) {
  expect_golden(metric("mia_reference")->compute(golden_inputs()), "mia_reference");
}

TEST(MiaReference, IsNullWithoutAReferenceModel) {
  Inputs inputs = golden_inputs();
  inputs.missing[std::string(kReferenceLogProb)] = "no reference model";
  EXPECT_EQ(metric("mia_reference")->compute(inputs).reason, "no reference model");
}
}  // namespace
}  // namespace lethe::evaluation
