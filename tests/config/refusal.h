// What a refused configuration says: the error of an action, and a matcher for its key and message.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include "framework/base/error.h"
#include "framework/config/document.h"

namespace lethe::config {

// "key: message" of the error that `action` throws; "nothing was refused" if it throws none.
inline std::string refusal(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    return e.key() + ": " + e.message();
  }
  return "nothing was refused";
}

inline std::string refusal_hint(const std::function<void()>& action) {
  try {
    action();
  } catch (const Error& e) {
    return e.hint();
  }
  return "nothing was refused";
}

inline std::string parse_refusal(const std::string& yaml, const std::vector<std::string>& overrides = {}) {
  return refusal([&] { (void)parse(yaml, "conf.yaml", overrides); });
}

// Reads one key of type T at `train.x` and gives the refusal.
template <class T>
std::string read_refusal(const std::string& value, Range range = {}) {
  return refusal([&] {
    T read{};
    Section train = parse("train:\n  x: " + value + "\n", "conf.yaml").section("train", "");
    train.optional("x", read, "", range);
  });
}

template <class T>
T read_value(const std::string& value) {
  T read{};
  Section train = parse("train:\n  x: " + value + "\n", "conf.yaml").section("train", "");
  train.required("x", read, "");
  return read;
}

// A folder of its own for the files of one test; gone with it.
class ConfigFolder : public testing::Test {
 protected:
  void SetUp() override {
    const auto* test = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::temp_directory_path() / ("lethe_config_" + std::to_string(::getpid()) + "_" +
                                                        test->test_suite_name() + "_" + test->name());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path write(const std::string& name, const std::string& text) const {
    const std::filesystem::path file = folder_ / name;
    std::filesystem::create_directories(file.parent_path());
    std::ofstream(file, std::ios::binary) << text;
    return file;
  }
  std::string load_refusal(const std::filesystem::path& file) const {
    return refusal([&] { (void)load(file); });
  }

  std::filesystem::path folder_;
};

}  // namespace lethe::config
