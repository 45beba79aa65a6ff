#include "framework/models/hf_config.h"

#include <gmock/gmock.h>

#include "framework/models/generation_config.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

using ::testing::ElementsAre;

class Config : public ModelFolder {
 protected:
  HfConfig read(const std::string& changes) {
    write("config.json", tiny_config_text(changes));
    return read_hf_config(folder_);
  }
};

TEST_F(Config, ReadsEverySize) {
  const HfConfig c = read("{}");
  EXPECT_EQ(c.architecture, "LlamaForCausalLM");
  EXPECT_EQ(c.vocab_size, 11);
  EXPECT_EQ(c.hidden_size, 8);
  EXPECT_EQ(c.intermediate_size, 12);
  EXPECT_EQ(c.num_layers, 2);
  EXPECT_EQ(c.num_heads, 4);
  EXPECT_EQ(c.num_kv_heads, 2);
  EXPECT_EQ(c.head_dim, 2);
  EXPECT_EQ(c.max_positions, 64);
  EXPECT_EQ(c.rms_norm_eps, 1e-5);
  EXPECT_TRUE(c.tie_word_embeddings);
  EXPECT_EQ(c.rope_scaling.type, "default");
  EXPECT_EQ(c.bos_token_id, std::nullopt);
}

TEST_F(Config, TakesLlamasDefaultsWhereAKeyIsAbsentOrNull) {
  const HfConfig c = read(
      R"({"num_key_value_heads": null, "head_dim": null, "tie_word_embeddings": null, "rope_theta": null})");
  EXPECT_EQ(c.num_kv_heads, 4);
  EXPECT_EQ(c.head_dim, 2);
  EXPECT_FALSE(c.tie_word_embeddings);
  EXPECT_EQ(c.rope_theta, 10000.0);
}

TEST_F(Config, ReadsRotarySettingsOfBothGenerationsOfTransformers) {
  const HfConfig four =
      read(R"({"rope_theta": 500000.0, "rope_scaling": {"rope_type": "llama3", "factor": 8.0,
    "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})");
  const HfConfig five = read(
      R"({"rope_theta": null, "rope_parameters": {"rope_theta": 500000.0, "rope_type": "llama3", "factor": 8.0,
    "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}})");
  for (const HfConfig& c : {four, five}) {
    EXPECT_EQ(c.rope_theta, 500000.0);
    EXPECT_EQ(c.rope_scaling.type, "llama3");
    EXPECT_EQ(c.rope_scaling.factor, 8.0);
    EXPECT_EQ(c.rope_scaling.high_freq_factor, 4.0);
    EXPECT_EQ(c.rope_scaling.original_max_positions, 8192);
  }
  EXPECT_EQ(read(R"({"rope_scaling": {"type": "linear", "factor": 2}})").rope_scaling.factor, 2.0);
}

TEST_F(Config, TakesRotarySettingsThatAreStatedTwiceAlike) {
  const HfConfig c = read(
      R"({"rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 4.0},
          "rope_parameters": {"rope_theta": 10000.0, "rope_type": "linear", "factor": 4.0}})");
  EXPECT_EQ(c.rope_scaling.type, "linear");
  EXPECT_EQ(c.rope_scaling.factor, 4.0);
}

TEST_F(Config, APaddingOfMinusOneIsNone) {
  EXPECT_EQ(read(R"({"pad_token_id": -1})").pad_token_id, std::nullopt);
  EXPECT_EQ(read(R"({"pad_token_id": 3})").pad_token_id, 3);
}

TEST_F(Config, TakesTokenIdsFromTheGenerationConfigFirst) {
  write("generation_config.json", R"({"eos_token_id": [3, 4]})");
  const HfConfig c = read(R"({"eos_token_id": 2, "bos_token_id": 1})");
  EXPECT_THAT(c.eos_token_ids, ElementsAre(3, 4));
  EXPECT_EQ(c.bos_token_id, 1);
}

TEST_F(Config, TheGenerationConfigMayPenaliseRepetitions) {
  EXPECT_EQ(read_generation_config(folder_).repetition_penalty, 1) << "no such file";
  write("generation_config.json", R"({"repetition_penalty": 1.5})");
  EXPECT_EQ(read_generation_config(folder_).repetition_penalty, 1.5);
}

TEST_F(Config, AcceptsASlidingWindowThatNoDocumentLeaves) {
  const std::string mistral = R"({"architectures": ["MistralForCausalLM"], "model_type": "mistral")";
  EXPECT_EQ(read(mistral + R"(, "sliding_window": 64})").max_positions, 64);
  EXPECT_EQ(read(mistral + R"(, "sliding_window": 70})").sliding_window, 70);
  EXPECT_EQ(read(mistral + "}").sliding_window, 4096);
  EXPECT_EQ(read(mistral + "}").max_positions, 64);  // 4096 by default
  const std::string qwen =
      R"({"architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2", "sliding_window": 16)";
  EXPECT_EQ(read(qwen + "}").max_positions, 64);  // off by default
  EXPECT_EQ(read(qwen + "}").sliding_window, std::nullopt);
  EXPECT_TRUE(read(qwen + "}").attention_bias);
}

TEST_F(Config, IgnoresRemoteCodeOfAnArchitectureThatIsNative) {
  EXPECT_EQ(read(R"({"auto_map": {"AutoModelForCausalLM": "modeling_x.X"}})").architecture,
            "LlamaForCausalLM");
}

TEST_F(Config, ComesBackFromTheTextThatItWrites) {
  HfConfig c = tiny_config();
  c.eos_token_ids = {2, 5};
  c.pad_token_id = 0;
  c.tie_word_embeddings = false;
  c.rope_scaling = {.type = "llama3",
                    .factor = 32,
                    .low_freq_factor = 1,
                    .high_freq_factor = 4,
                    .original_max_positions = 32};
  write("config.json", to_config_json(c));
  const HfConfig again = read_hf_config(folder_);
  EXPECT_EQ(to_config_json(again), to_config_json(c));
  EXPECT_EQ(again.head_dim, c.head_dim);
  EXPECT_EQ(again.rope_scaling.factor, 32);
}

}  // namespace
}  // namespace lethe::models
