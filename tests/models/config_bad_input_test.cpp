// Every config.json of the catalogue that must be refused, and its neighbours.
#include <gmock/gmock.h>

#include "framework/models/hf_config.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

using ::testing::HasSubstr;

struct BadConfig {
  const char* label;
  std::string changes, key, message;
};
void PrintTo(const BadConfig& config, std::ostream* out) { *out << config.label; }

class BadHfConfig : public ModelFolder, public ::testing::WithParamInterface<BadConfig> {};

TEST_P(BadHfConfig, IsRefusedByName) {
  write("config.json", tiny_config_text(GetParam().changes));
  const Error error = error_of([&] { (void)read_hf_config(folder_); });
  EXPECT_EQ(error.key(), GetParam().key);
  EXPECT_THAT(error.message(), HasSubstr(GetParam().message));
  EXPECT_EQ(error.exit_code(), 65);
}

const auto label_of = [](const auto& info) { return std::string(info.param.label); };

INSTANTIATE_TEST_SUITE_P(
    Architecture, BadHfConfig,
    ::testing::Values(
        BadConfig{"mamba", R"({"architectures": ["MambaForCausalLM"]})", "model.arch",
                  "MambaForCausalLM is not supported; supported: LlamaForCausalLM, MistralForCausalLM, "
                  "Qwen2ForCausalLM"},
        BadConfig{"none", R"({"architectures": null})", "model.arch",
                  "names no architecture is not supported"},
        BadConfig{"notAList", R"({"architectures": "LlamaForCausalLM"})", "model.config.json",
                  "must be a list of texts"},
        BadConfig{"otherType", R"({"model_type": "mamba"})", "model.arch",
                  "model_type mamba with LlamaForCausalLM"},
        BadConfig{"remote",
                  R"({"architectures": ["XForCausalLM"], "auto_map": {"AutoModelForCausalLM": "x.X"}})",
                  "model.remotecode", "the model asks for its own Python code; not supported"},
        BadConfig{"gptq", R"({"quantization_config": {"quant_method": "gptq"}})", "model.quantised",
                  "quantization_config gptq is not trainable here"},
        BadConfig{"bnb", R"({"quantization_config": {"load_in_4bit": true}})", "model.quantised",
                  "unnamed method"}),
    label_of);

INSTANTIATE_TEST_SUITE_P(
    Rope, BadHfConfig,
    ::testing::Values(
        BadConfig{"yarn2", R"({"rope_scaling": {"rope_type": "yarn2", "factor": 2}})", "model.rope",
                  "rope type \"yarn2\" is not supported"},
        BadConfig{"oldWord", R"({"rope_scaling": {"type": "dynamic", "factor": 2}})", "model.rope",
                  "\"dynamic\""},
        BadConfig{"newWord", R"({"rope_parameters": {"rope_type": "yarn"}})", "model.rope", "\"yarn\""},
        BadConfig{"noFactor", R"({"rope_scaling": {"rope_type": "linear"}})", "model.config.json",
                  "rope_scaling has no factor"},
        BadConfig{"noLow", R"({"rope_scaling": {"rope_type": "llama3", "factor": 2}})", "model.config.json",
                  "no low_freq_factor"},
        BadConfig{"swapped", R"({"rope_scaling": {"rope_type": "llama3", "factor": 2, "low_freq_factor": 4,
                  "high_freq_factor": 4, "original_max_position_embeddings": 64}})",
                  "model.config.json", "must be above low_freq"},
        BadConfig{"both", R"({"rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 4.0},
                  "rope_parameters": {"rope_theta": 10000.0, "rope_type": "default"}})",
                  "model.rope",
                  "rope_scaling (linear, factor 4, rope_theta 10000) and rope_parameters (default, factor 1, "
                  "rope_theta 10000) disagree"},
        BadConfig{"bothThetas", R"({"rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 4.0},
                  "rope_parameters": {"rope_theta": 20000.0, "rope_type": "linear", "factor": 4.0}})",
                  "model.rope", "disagree"},
        BadConfig{"text", R"({"rope_scaling": "linear"})", "model.config.json", "is not an object"},
        BadConfig{"partial", R"({"rope_parameters": {"partial_rotary_factor": 0.5}})", "model.config.json",
                  "partial_rotary_factor"}),
    label_of);

INSTANTIATE_TEST_SUITE_P(
    Values, BadHfConfig,
    ::testing::Values(
        BadConfig{"missing", R"({"hidden_size": null})", "model.config.json",
                  "config.json has no hidden_size"},
        BadConfig{"negative", R"({"num_hidden_layers": -2})", "model.config.json",
                  "must be an integer from 1 to 10000, got -2"},
        BadConfig{"zero", R"({"vocab_size": 0})", "model.config.json", "vocab_size must be"},
        BadConfig{"text", R"({"vocab_size": "11"})", "model.config.json", "got \"11\""},
        BadConfig{"fraction", R"({"hidden_size": 8.5})", "model.config.json", "got 8.5"},
        BadConfig{"huge", R"({"vocab_size": 18446744073709551615})", "model.config.json",
                  "got 18446744073709551615"},
        BadConfig{"hugest", R"({"intermediate_size": 1e300})", "model.config.json", "got 1e+300"},
        BadConfig{"wide", R"({"hidden_size": 1099511627776})", "model.config.json", "hidden_size must be"},
        BadConfig{"heads", R"({"num_attention_heads": 3, "num_key_value_heads": 3, "head_dim": null})",
                  "model.config.json", "must be a multiple of the 3 attention heads"},
        BadConfig{"kvHeads", R"({"num_key_value_heads": 3})", "model.config.json",
                  "must divide the 4 attention heads"},
        BadConfig{"oddHead", R"({"head_dim": 3})", "model.config.json", "must be even"},
        BadConfig{"eps", R"({"rms_norm_eps": 0})", "model.config.json", "must be a finite number > 0"},
        BadConfig{"theta", R"({"rope_theta": -1})", "model.config.json", "rope_theta must be"},
        BadConfig{"tied", R"({"tie_word_embeddings": "yes"})", "model.config.json", "must be true or false"},
        BadConfig{"eos", R"({"eos_token_id": [1, -1]})", "model.config.json", "must be a token id"},
        BadConfig{"pad", R"({"pad_token_id": -2})", "model.config.json", "must be a token id"},
        BadConfig{"eosText", R"({"eos_token_id": "</s>"})", "model.config.json", "must be a token id"}),
    label_of);

INSTANTIATE_TEST_SUITE_P(
    Switches, BadHfConfig,
    ::testing::Values(
        BadConfig{"gelu", R"({"hidden_act": "gelu"})", "model.config.json",
                  "hidden_act is not supported with this value; supported: silu, got \"gelu\""},
        BadConfig{"mlpBias", R"({"mlp_bias": true})", "model.config.json", "mlp_bias is not supported"},
        BadConfig{"attentionBias", R"({"attention_bias": true})", "model.config.json",
                  "attention_bias is not supported"},
        BadConfig{"partial", R"({"partial_rotary_factor": 0.5})", "model.config.json",
                  "partial_rotary_factor"},
        BadConfig{"mistralHeads", R"({"architectures": ["MistralForCausalLM"], "model_type": "mistral",
                                "num_key_value_heads": null})",
                  "model.config.json", "has no num_key_value_heads"}),
    label_of);

INSTANTIATE_TEST_SUITE_P(
    Window, BadHfConfig,
    ::testing::Values(
        BadConfig{
            "mistral",
            R"({"architectures": ["MistralForCausalLM"], "model_type": "mistral", "sliding_window": 63})",
            "model.config.json", "a sliding_window of 63 tokens is not supported"},
        BadConfig{
            "mistralsDefault",
            R"({"architectures": ["MistralForCausalLM"], "model_type": "mistral", "max_position_embeddings": 32768})",
            "model.config.json", "a sliding_window of 4096 tokens"},
        BadConfig{"qwen",
                  R"({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "sliding_window": 16,
                  "use_sliding_window": true})",
                  "model.config.json", "a sliding_window of 16 tokens"}),
    label_of);

class BadConfigFile : public ModelFolder {
 protected:
  void expect(const std::filesystem::path& directory, const std::string& key, const std::string& message,
              int exit_code) {
    const Error error = error_of([&] { (void)read_hf_config(directory); });
    EXPECT_EQ(error.key(), key);
    EXPECT_THAT(error.message(), HasSubstr(message));
    EXPECT_EQ(error.exit_code(), exit_code);
  }
};

TEST_F(BadConfigFile, IsNotThere) {
  expect(folder_, "model.config", "has no config.json", 66);
  expect(path("nowhere"), "model.missing", "does not exist", 66);
}

TEST_F(BadConfigFile, IsADirectory) {
  std::filesystem::create_directories(path("config.json"));
  expect(folder_, "model.config", "has no config.json", 66);
}

TEST_F(BadConfigFile, IsALinkThatPointsNowhere) {
  std::filesystem::create_symlink("no_such_blob", path("config.json"));
  expect(folder_, "model.blob", "snapshot link points to a missing blob (unfinished download)", 66);
}

TEST_F(BadConfigFile, IsNotJson) {
  write("config.json", "{\n  \"vocab_size\": 1,\n  oops\n}");
  expect(folder_, "model.config.json", "config.json:3:3: ", 65);
  write("config.json", "{\"vocab_size\": 1,\n \"vocab_size\": 2}");
  expect(folder_, "model.config.json", "config.json:2:2: \"vocab_size\" is set twice", 65);
  write("config.json", "[1]");
  expect(folder_, "model.config.json", "config.json is not an object", 65);
}

TEST_F(BadConfigFile, IsTooLarge) {
  write("config.json", "{\"a\": \"" + std::string(5 << 20, 'x') + "\"}");
  expect(folder_, "io.size", "config.json has", 74);
}

TEST_F(BadConfigFile, HasABrokenGenerationConfigBesideIt) {
  write("config.json", tiny_config_text());
  write("generation_config.json", "{");
  expect(folder_, "model.config.json", "generation_config.json:1:", 65);
  write("generation_config.json", R"({"repetition_penalty": 0})");
  expect(folder_, "model.config.json", "generation_config.json: repetition_penalty", 65);
}

}  // namespace
}  // namespace lethe::models
