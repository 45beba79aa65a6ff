#include <gtest/gtest.h>

#include "tests/evaluation/made_inputs.h"

namespace lethe::evaluation {
namespace {

using namespace testing;

Inputs with_ratios() {
  Inputs inputs = golden_inputs();
  inputs.results["forget_truth_ratio"] = metric("truth_ratio")->compute(inputs);
  return inputs;
}

TEST(ForgetQuality, AgreesWithTheOracle) {
  Inputs inputs = with_ratios();
  inputs.retain.emplace();
  (*inputs.retain)["forget_truth_ratio"].scores = golden()["retain"]["scores"].get<std::vector<double>>();
  expect_golden(metric("forget_quality")->compute(inputs), "forget_quality");
}

TEST(ForgetQuality, IsNullWithoutARetainLogAndRefusesOneWithoutItsKey) {
  Inputs inputs = with_ratios();
  EXPECT_EQ(metric("forget_quality")->compute(inputs).reason, "no retain log (eval.retain_log)");
  inputs.retain.emplace();
  try {
    (void)metric("forget_quality")->compute(inputs);
    FAIL() << "a retain log without truth ratios was taken";
  } catch (const std::exception& e) {
    EXPECT_NE(std::string(e.what()).find("the retain log has no per-sample `forget_truth_ratio`"),
              std::string::npos);
  }
}
}  // namespace
}  // namespace lethe::evaluation
