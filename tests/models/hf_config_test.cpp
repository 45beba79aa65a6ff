#include "framework/models/hf_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/models/model_path.h"

namespace lethe::models {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

fs::path config_folder() {
  const fs::path path = fs::path(::testing::TempDir()) / fmt::format("hf_config_{}", ::getpid());
  fs::create_directories(path);
  return path;
}

std::string config(const std::string& more) {
  return R"({"architectures":["LlamaForCausalLM"],"vocab_size":16,"hidden_size":8,"intermediate_size":12,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":2)" + more + "}";
}

struct BadConfig {
  std::string text, key, message;
  int exit_code = 65;
};
class BadHfConfig : public ::testing::TestWithParam<BadConfig> {};

TEST_P(BadHfConfig, IsRefusedByName) {
  base::write_file_atomically(config_folder() / "config.json", GetParam().text);
  try {
    (void)read_hf_config(config_folder());
    FAIL() << GetParam().text;
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), GetParam().key);
    EXPECT_THAT(e.message(), HasSubstr(GetParam().message));
    EXPECT_EQ(e.exit_code(), GetParam().exit_code);
  }
}

INSTANTIATE_TEST_SUITE_P(Catalogue, BadHfConfig, ::testing::Values(
  BadConfig{"{\n  \"a\": 1,\n  x}", "model.config.json", "config.json:3:3"}, BadConfig{R"({"a":1,"a":2})", "model.config.json", "\"a\" appears twice"},
  BadConfig{R"({"architectures":["MambaForCausalLM"]})", "model.arch", "MambaForCausalLM is not supported; supported: LlamaForCausalLM"},
  BadConfig{R"({"architectures":["XForCausalLM"],"auto_map":{}})", "model.remotecode", "its own Python code"},
  BadConfig{config(R"(,"rope_scaling":{"type":"yarn2"})"), "model.rope", "rope type \"yarn2\" is not supported"},
  BadConfig{config(R"(,"rope_scaling":{"rope_type":"llama3"})"), "model.rope", "llama3"},
  BadConfig{config(R"(,"quantization_config":{"quant_method":"gptq"})"), "model.quantised", "quantization_config gptq"},
  BadConfig{config(R"(,"hidden_act":"gelu")"), "model.config.json", "hidden_act"}, BadConfig{config(R"(,"attention_bias":true)"), "model.config.json", "attention_bias"},
  BadConfig{config(R"(,"head_dim":3)"), "model.config.json", "odd"}, BadConfig{config(R"(,"rms_norm_eps":-1)"), "model.config.json", "rms_norm_eps"},
  BadConfig{config(R"(,"eos_token_id":"x")"), "model.config.json", "eos_token_id"},
  BadConfig{R"({"architectures":["LlamaForCausalLM"],"vocab_size":-5})", "model.config.json", "vocab_size"},
  BadConfig{R"({"architectures":["LlamaForCausalLM"]})", "model.config.json", "vocab_size is missing"},
  BadConfig{"[1]", "model.config.json", "object"}));

TEST(HfConfig, ReadsWhatItWrites) {
  HfConfig c{.vocab_size = 16, .hidden_size = 8, .intermediate_size = 12, .num_layers = 2, .num_heads = 4, .num_kv_heads = 2, .head_dim = 2, .tie_word_embeddings = true, .eos_token_ids = {2}};
  base::write_file_atomically(config_folder() / "config.json", to_config_json(c));
  const HfConfig again = read_hf_config(config_folder());
  EXPECT_EQ(to_config_json(again), to_config_json(c));
}

TEST(ModelPath, NamesWhatIsNotInTheCache) {
  ::setenv("HF_HUB_CACHE", (config_folder() / "cache").c_str(), 1);
  const auto key = [](const std::string& path) {
    try {
      return resolve_model_path(path).string();
    } catch (const Error& e) {
      return e.key() + ": " + e.message();
    }
  };
  EXPECT_THAT(key("meta-llama/X"), HasSubstr("model.missing: meta-llama/X is not in the Hugging Face cache; this tool does not download: hf download"));
  EXPECT_THAT(key("/nowhere"), HasSubstr("model.missing"));
  const fs::path snapshot = config_folder() / "cache" / "models--a--b" / "snapshots" / "123";
  fs::create_directories(snapshot);
  fs::create_directories(config_folder() / "cache" / "models--a--b" / "refs");
  base::write_file_atomically(config_folder() / "cache" / "models--a--b" / "refs" / "main", "123\n");
  EXPECT_EQ(key("a/b"), snapshot.string());
  EXPECT_EQ(key(config_folder().string()), config_folder().string());
}

TEST(HfConfig, AFolderWithoutConfigSaysSo) {
  const fs::path empty = config_folder() / "empty";
  fs::create_directories(empty);
  try {
    (void)read_hf_config(empty);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "model.config");
    EXPECT_EQ(e.exit_code(), 66);
  }
  fs::remove(empty / "config.json");
  fs::create_symlink("nothing", empty / "config.json");
  EXPECT_THROW((void)read_hf_config(empty), Error);
}

}  // namespace
}  // namespace lethe::models
