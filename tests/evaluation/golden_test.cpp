// The golden file, made again by its script with the packages at hand, says the same.
#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/atomic_file.h"
#include "tests/evaluation/made_inputs.h"
#include "tests/evaluation/oracle.h"

namespace lethe::evaluation {
namespace {

TEST(MetricsGolden, CoversEveryMetric) {
  for (const Entry& entry : registry()) {
    bool found = false;
    for (const auto& [name, value] : testing::golden()["expected"].items())
      found = found || name.substr(0, name.find('/')) == entry.name;
    EXPECT_TRUE(found) << entry.name << " has no expected value";
  }
}

TEST(MetricsGolden, IsWhatItsScriptMakes) {
  LETHE_NEED_ORACLE("numpy, scipy, sklearn, rouge_score");
  const auto made = testing::ask_oracle("../../golden/metrics/make.py", nlohmann::json::object());
  for (const auto& [name, expected] : testing::golden()["expected"].items())
    EXPECT_NEAR(made["expected"][name]["value"].get<double>(), expected["value"].get<double>(),
                1e-9 * std::abs(expected["value"].get<double>()))
        << name;
}

}  // namespace
}  // namespace lethe::evaluation
