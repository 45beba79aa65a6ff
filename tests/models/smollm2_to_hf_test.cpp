// launchers/smollm2_to_hf.py on a tiny GGUF file: our reader opens what it makes, and every element is where
// it was.
#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/models/family.h"
#include "framework/models/loader.h"
#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

class SmolLm2 : public ModelFolder {
 protected:
  void SetUp() override {
    ModelFolder::SetUp();
    std::string why_not;
    python_ = oracle_python("gguf", why_not);
    if (python_.empty()) GTEST_SKIP() << why_not;
    (void)run_python(python_, LETHE_SOURCE_DIR "/tests/models/write_tiny_gguf.py",
                     {path("tiny.gguf").string()});
    said_ = convert();
  }
  std::string convert() {
    return run_python(python_, LETHE_SOURCE_DIR "/launchers/smollm2_to_hf.py",
                      {path("tiny.gguf").string(), path("model").string()});
  }
  std::string python_, said_;
};

TEST_F(SmolLm2, BecomesADirectoryThatOpensWithEveryElementInItsPlace) {
  const HfConfig config = read_hf_config(path("model"));
  EXPECT_TRUE(config.tie_word_embeddings);
  EXPECT_EQ(config.rms_norm_eps, 1e-5);
  EXPECT_EQ(config.rope_theta, 100000.0);
  EXPECT_THAT(config.eos_token_ids, ::testing::ElementsAre(2));
  const ParameterIndex index = family_of(config).index(config);
  const ModelFiles files(path("model"), index);
  for (const Parameter& p : index.parameters()) {
    std::vector<float> values(p.count);
    files.read(p.first, values);
    for (std::uint64_t i = 0; i < p.count; ++i) {
      const float expected = p.shape.size() == 1 ? 1.0f
                                                 : static_cast<float>(i / p.shape[1]) +
                                                       static_cast<float>(i % p.shape[1]) / 64.0f;
      ASSERT_EQ(values[i], expected) << p.name << " " << i;
    }
  }
}

TEST_F(SmolLm2, HasItsTokenizerWithSplitDigitsAndSpecialTokens) {
  const auto json = nlohmann::json::parse(base::read_file(path("model") / "tokenizer.json"));
  const auto& steps = json["pre_tokenizer"]["pretokenizers"];
  EXPECT_EQ(steps[0]["type"], "Digits");
  EXPECT_EQ(steps[0]["individual_digits"], true);
  EXPECT_EQ(steps[1]["type"], "ByteLevel");
  EXPECT_EQ(json["added_tokens"].size(), 3u);
  EXPECT_EQ(json["model"]["merges"][0], "a b");
  const auto config = nlohmann::json::parse(base::read_file(path("model") / "tokenizer_config.json"));
  EXPECT_EQ(config["chat_template"], "{{ messages }}");
  EXPECT_EQ(config["eos_token"], "<|im_end|>");
}

TEST_F(SmolLm2, IsMadeOnce) {
  EXPECT_THAT(said_, ::testing::HasSubstr("11 tensors"));
  EXPECT_THAT(convert(), ::testing::HasSubstr("is there already"));
}

}  // namespace
}  // namespace lethe::models
