// Python programs that we did not write, as witnesses: found through LETHE_ORACLE_PYTHON, never needed to
// build or run.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "framework/base/atomic_file.h"

namespace lethe::evaluation::testing {

// Why the packages (comma-separated) cannot be asked, or an empty string.
inline std::string oracle_missing(const std::string& packages) {
  const char* python = std::getenv("LETHE_ORACLE_PYTHON");
  if (python == nullptr) return "LETHE_ORACLE_PYTHON is not set";
  const bool there =
      std::system(fmt::format("'{}' -c 'import {}' 2>/dev/null", python, packages).c_str()) == 0;
  return there ? "" : fmt::format("{} lacks one of {}", python, packages);
}

// Runs tests/evaluation/oracle/<script> on `request` and reads its answer.
inline nlohmann::json ask_oracle(const std::string& script, const nlohmann::json& request) {
  std::string folder = (std::filesystem::temp_directory_path() / "lethe-oracle-XXXXXX").string();
  if (::mkdtemp(folder.data()) == nullptr) throw std::runtime_error("no temporary folder");
  base::write_file_atomically(folder + "/request", request.dump());
  const std::string command =
      fmt::format("'{0}' '{1}/tests/evaluation/oracle/{2}' < '{3}/request' > '{3}/answer'",
                  std::getenv("LETHE_ORACLE_PYTHON"), LETHE_SOURCE_DIR, script, folder);
  if (std::system(command.c_str()) != 0) throw std::runtime_error("the oracle failed: " + command);
  auto answer = nlohmann::json::parse(base::read_file(folder + "/answer"));
  std::filesystem::remove_all(folder);
  return answer;
}

}  // namespace lethe::evaluation::testing

#define LETHE_NEED_ORACLE(packages)                                                                  \
  if (const auto missing = ::lethe::evaluation::testing::oracle_missing(packages); !missing.empty()) \
  GTEST_SKIP() << missing
