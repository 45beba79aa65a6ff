// Python programs that we did not write, as witnesses: found through LETHE_ORACLE_PYTHON, never needed to
// build or run.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace lethe::data::testing {

// Why `package` cannot be asked, or an empty string.
[[nodiscard]] std::string oracle_missing(const std::string& package);

// Runs tests/data/oracle/<script> on `request` and reads its answer.
[[nodiscard]] nlohmann::json ask_oracle(const std::string& script, const nlohmann::json& request);

// A fresh empty folder under the test's temporary folder.
[[nodiscard]] std::string fresh_folder(const std::string& name);

}  // namespace lethe::data::testing

#define LETHE_NEED_ORACLE(package)                                                            \
  if (const auto missing = ::lethe::data::testing::oracle_missing(package); !missing.empty()) \
  GTEST_SKIP() << missing
