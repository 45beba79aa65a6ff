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

TEST(Privleak, RefValueIsTheRetrainedModelsAuc) {
  Inputs inputs;
  inputs.results["mia_min_k"].value = 0.5515625;
  const double expected = 100 * (0.4484375 - 0.2) / 0.2;  // +124.2
  EXPECT_NEAR(*metric("privleak", "ref_value: 0.8")->compute(inputs).value, expected, 1e-6);
}

TEST(Privleak, AgreesWithTheOracleWithAndWithoutARetainLog) {
  Inputs inputs = golden_inputs();
  inputs.results["mia_min_k"] = metric("mia_min_k")->compute(inputs);
  expect_golden(metric("privleak")->compute(inputs), "privleak/no_retain");
  inputs.retain.emplace();
  (*inputs.retain)["mia_min_k"].value = golden()["retain"]["auc"].get<double>();
  expect_golden(metric("privleak")->compute(inputs), "privleak");
}

// The retrained model's suite without a holdout set: the walk-through of docs/benchmarks.md.
TEST(Privleak, IsNullWhereTheRetainLogsAttackIs) {
  Inputs inputs;
  inputs.results["mia_min_k"].value = 0.6;
  inputs.retain.emplace();
  const auto privleak = metric("privleak");
  EXPECT_THROW(privleak->check_retain_log(*inputs.retain), Error) << "another suite";
  (*inputs.retain)["mia_min_k"] = {};
  EXPECT_NO_THROW(privleak->check_retain_log(*inputs.retain));
  const Result result = privleak->compute(inputs);
  EXPECT_FALSE(result.value);
  EXPECT_NE(result.reason.find("mia_min_k is null in the retain log"), std::string::npos) << result.reason;
}

}  // namespace
}  // namespace lethe::evaluation
