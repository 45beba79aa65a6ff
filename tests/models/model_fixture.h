// A folder of its own for each test, and tiny model directories in it, sound or broken as the test asks.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "framework/base/error.h"
#include "framework/models/hf_config.h"
#include "framework/models/parameter_index.h"
#include "framework/models/safetensors_writer.h"

namespace lethe::models {

class ModelFolder : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::filesystem::path path(const std::string& name) const { return folder_ / name; }
  std::filesystem::path write(const std::string& name, const std::string& content) const;

  std::filesystem::path folder_;
};

// A tiny Llama: hidden 8, 2 layers, 4 heads of 2, vocabulary 11.
[[nodiscard]] HfConfig tiny_config();
// Its config.json as transformers would write it; `changes` is a JSON merge patch (null removes a key).
[[nodiscard]] std::string tiny_config_text(const std::string& changes = "{}");

// Element i of the canonical order has the value (i mod 128) / 64, which every dtype of weights holds.
[[nodiscard]] float counted(std::uint64_t element);
void read_counted(std::uint64_t first, std::span<float> out);
void write_counted_model(const std::filesystem::path& directory, const ParameterIndex& index, FileDType dtype,
                         std::uint64_t max_shard_bytes = 1 << 30);

// A safetensors file by hand: header text, then data.
[[nodiscard]] std::string safetensors_text(const std::string& json, const std::string& data = "");

// The error that `act` must throw; fails the test and returns an empty one if it does not.
[[nodiscard]] Error error_of(const std::function<void()>& act);

// The python of the oracles' environment if it has `package`, else "" with the reason.
[[nodiscard]] std::string oracle_python(const std::string& package, std::string& why_not);
// Runs a python script with arguments; returns its output, and fails the test on a non-zero exit.
[[nodiscard]] std::string run_python(const std::string& python, const std::filesystem::path& script,
                                     const std::vector<std::string>& arguments);

}  // namespace lethe::models
