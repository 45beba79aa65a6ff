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
  std::int64_t row = 0;
  for (const double score : golden()["retain"]["scores"].get<std::vector<double>>())
    (*inputs.retain)["forget_truth_ratio"].samples[row++] = score;
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

Result of_values(const std::vector<double>& values, std::int64_t first_row) {
  Result result;
  result.value = 0.5;
  for (const double value : values)
    result.samples.push_back({.index = first_row + static_cast<std::int64_t>(result.samples.size()),
                              .fields = {},
                              .value = value});
  return result;
}

// Half of the rows, which the retrained model answers as this one does, and half that it does not.
TEST(ForgetQuality, ComparesTheRowsThatBothHave) {
  const std::vector<double> values = {0.1, 0.2, 0.3, 0.4, 0.5, 0.6};
  Inputs inputs;
  inputs.results["forget_truth_ratio"] = of_values(values, 0);
  inputs.retain.emplace();
  auto& retrained = (*inputs.retain)["forget_truth_ratio"].samples;
  for (std::int64_t row = 0; row < 12; ++row)
    retrained[row] = row < 6 ? values[static_cast<std::size_t>(row)] : 10.0;
  EXPECT_EQ(*metric("forget_quality")->compute(inputs).value, 1);
  inputs.results["forget_truth_ratio"] = of_values(values, 100);
  const Result other_rows = metric("forget_quality")->compute(inputs);
  EXPECT_FALSE(other_rows.value) << "rows of another set were compared";
  EXPECT_NE(other_rows.reason.find("share no row with a value"), std::string::npos);
}
}  // namespace
}  // namespace lethe::evaluation
