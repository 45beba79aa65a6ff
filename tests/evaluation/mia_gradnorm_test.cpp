#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(MiaGradnorm, AgreesWithTheOracle) {
  expect_golden(metric("mia_gradnorm")->compute(golden_inputs()), "mia_gradnorm");
}
}  // namespace
}  // namespace lethe::evaluation
