#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

TEST(Privleak, HasTheSpecificationsVector) {
  Inputs inputs;
  inputs.results["mia_min_k"].value = 0.8333333333333334;
  EXPECT_NEAR(*metric("privleak")->compute(inputs).value, -66.66666665, 5e-9);
}

TEST(Privleak, AgreesWithTheOracleWithAndWithoutARetainLog) {
  Inputs inputs = golden_inputs();
  inputs.results["mia_min_k"] = metric("mia_min_k")->compute(inputs);
  expect_golden(metric("privleak")->compute(inputs), "privleak/no_retain");
  inputs.retain.emplace();
  (*inputs.retain)["mia_min_k"].value = golden()["retain"]["auc"].get<double>();
  expect_golden(metric("privleak")->compute(inputs), "privleak");
}
}  // namespace
}  // namespace lethe::evaluation
