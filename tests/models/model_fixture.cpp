#include "tests/models/model_fixture.h"

#include <unistd.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/models/exporter.h"
#include "tests/support/command.h"

namespace lethe::models {

void ModelFolder::SetUp() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  std::string name = fmt::format("{}_{}_{}", test->test_suite_name(), test->name(), ::getpid());
  std::ranges::replace(name, '/', '_');
  folder_ = std::filesystem::path(::testing::TempDir()) / name;
  std::filesystem::create_directories(folder_);
}

void ModelFolder::TearDown() { std::filesystem::remove_all(folder_); }

std::filesystem::path ModelFolder::write(const std::string& name, const std::string& content) const {
  std::filesystem::create_directories(path(name).parent_path());
  base::write_file_atomically(path(name), content);
  return path(name);
}

HfConfig tiny_config() {
  return {.vocab_size = 11,
          .hidden_size = 8,
          .intermediate_size = 12,
          .num_layers = 2,
          .num_heads = 4,
          .num_kv_heads = 2,
          .head_dim = 2,
          .max_positions = 64,
          .rms_norm_eps = 1e-5,
          .rope_theta = 10000,
          .tie_word_embeddings = true};
}

std::string tiny_config_text(const std::string& changes) {
  auto json = nlohmann::ordered_json::parse(to_config_json(tiny_config()));
  json.merge_patch(nlohmann::ordered_json::parse(changes));
  return json.dump(2);
}

float counted(std::uint64_t element) { return static_cast<float>(element % 128) / 64.0f; }

void read_counted(std::uint64_t first, std::span<float> out) {
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = counted(first + i);
}

void write_counted_model(const std::filesystem::path& directory, const ParameterIndex& index, FileDType dtype,
                         std::uint64_t max_shard_bytes) {
  Exporter exporter(directory, index, tiny_config(), dtype, std::nullopt,
                    {.max_shard_bytes = max_shard_bytes});
  export_model(exporter, index.size(), read_counted);
}

std::string safetensors_text(const std::string& json, const std::string& data) {
  const std::uint64_t length = json.size();
  return std::string(reinterpret_cast<const char*>(&length), sizeof length) + json + data;
}

Error error_of(const std::function<void()>& act) {
  try {
    act();
  } catch (const Error& e) {
    return e;
  }
  ADD_FAILURE() << "nothing was refused";
  return Error("", "");
}

std::string oracle_python(const std::string& package, std::string& why_not) {
  const char* python = std::getenv("LETHE_ORACLE_PYTHON");
  why_not = "LETHE_ORACLE_PYTHON is not set";
  if (python == nullptr || *python == '\0') return "";
  why_not = fmt::format("{} has no package {}", python, package);
  return lethe::testing::run_command(fmt::format("'{}' -c 'import {}'", python, package)).exit_code == 0
             ? python
             : "";
}

std::string run_python(const std::string& python, const std::filesystem::path& script,
                       const std::vector<std::string>& arguments) {
  std::string command = fmt::format("'{}' '{}'", python, script.string());
  for (const std::string& argument : arguments) command += fmt::format(" '{}'", argument);
  const auto result = lethe::testing::run_command(command);
  EXPECT_EQ(result.exit_code, 0) << result.output;
  return result.output;
}

}  // namespace lethe::models
