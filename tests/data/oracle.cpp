#include "tests/data/oracle.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>

#include "framework/base/atomic_file.h"

namespace lethe::data::testing {

std::string oracle_missing(const std::string& package) {
  const char* python = std::getenv("LETHE_ORACLE_PYTHON");
  if (python == nullptr) return "LETHE_ORACLE_PYTHON is not set";
  const bool there =
      std::system(fmt::format("'{}' -c 'import {}' 2>/dev/null", python, package).c_str()) == 0;
  return there ? "" : fmt::format("{} has no package {}", python, package);
}

nlohmann::json ask_oracle(const std::string& script, const nlohmann::json& request) {
  const auto folder = fresh_folder("oracle");
  base::write_file_atomically(folder + "/request", request.dump());
  const std::string command =
      fmt::format("'{}' '{}/tests/data/oracle/{}' < '{}/request' > '{}/answer'",
                  std::getenv("LETHE_ORACLE_PYTHON"), LETHE_SOURCE_DIR, script, folder, folder);
  if (std::system(command.c_str()) != 0) throw std::runtime_error("the oracle failed: " + command);
  return nlohmann::json::parse(base::read_file(folder + "/answer"));
}

std::string fresh_folder(const std::string& name) {
  const auto* info = ::testing::UnitTest::GetInstance()->current_test_info();
  const auto folder = std::filesystem::path(::testing::TempDir()) /
                      fmt::format("lethe-{}-{}-{}", info->test_suite_name(), info->name(), name);
  std::filesystem::remove_all(folder);
  std::filesystem::create_directories(folder);
  return folder.string();
}

}  // namespace lethe::data::testing
