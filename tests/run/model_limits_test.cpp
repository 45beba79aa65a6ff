// Tokens and documents that a model cannot read are refused before it is loaded.
#include "framework/run/model_limits.h"

#include <gmock/gmock.h>

#include "framework/base/error.h"

namespace lethe::run {
namespace {

using ::testing::HasSubstr;

class ModelLimits : public ::testing::Test {
 protected:
  // The error of a forget set of one sample (row 7) with these tokens, "key: message"; none: empty.
  std::string refusal(std::vector<std::int32_t> ids, const models::HfConfig& model, std::int64_t prompt = 0,
                      std::int64_t new_tokens = 0, const std::string& key = "") const {
    const std::vector<data::Sample> samples = {{.row = 7}};
    const std::vector<data::Document> documents = {{.ids = ids, .prompt_tokens = prompt}};
    const ReadSet set{.name = "forget",
                      .samples = samples,
                      .documents = documents,
                      .num_generated = new_tokens > 0 ? 1U : 0U,
                      .new_tokens = new_tokens};
    try {
      check_model_reads({&set, 1}, tokenizer_, model, key);
    } catch (const Error& e) {
      return e.key() + ": " + e.message();
    }
    return "";
  }

  const data::Tokenizer tokenizer_ =
      data::Tokenizer::load(std::string(LETHE_SOURCE_DIR) + "/configs/smoke/tokenizer");
};

TEST_F(ModelLimits, ATokenBeyondTheEmbeddingIsNamedAndOneThatNobodyUsesPasses) {
  EXPECT_EQ(refusal({5, 422, 6}, {.vocab_size = 423}), "");
  EXPECT_EQ(refusal({5, 423, 6}, {.vocab_size = 423}),
            "tokenizer.vocab: token 423 (\"Port Ellery\") in sample 7 of the forget set: the model has 423 "
            "tokens (vocab_size)");
}

TEST_F(ModelLimits, AModelBesideTheRunsOwnIsNamedByItsSetting) {
  EXPECT_THAT(refusal({5, 423}, {.vocab_size = 423}, 0, 0, "eval.reference"),
              HasSubstr("in sample 7 of the forget set: the model of eval.reference has 423 tokens"));
  EXPECT_THAT(refusal({1, 2, 3}, {.vocab_size = 9, .sliding_window = 2}, 0, 0, "eval.reference"),
              HasSubstr("and the model of eval.reference attends to the last 2 only"));
}

TEST_F(ModelLimits, NoDocumentMayBeLongerThanASlidingWindow) {
  const models::HfConfig model{.vocab_size = 9, .max_positions = 4, .sliding_window = 5};
  EXPECT_EQ(refusal({1, 2, 3, 4, 5}, model), "") << "longer than the positions: a warning";
  EXPECT_THAT(refusal({1, 2, 3, 4, 5, 6}, model),
              HasSubstr("model.window: sample 7 of the forget set has 6 tokens, and the model attends"));
  EXPECT_EQ(refusal({1, 2, 3, 4, 5, 6}, {.vocab_size = 9, .max_positions = 4}), "");
}

TEST_F(ModelLimits, AGeneratedAnswerCountsToo) {
  const models::HfConfig model{.vocab_size = 9, .max_positions = 4, .sliding_window = 5};
  EXPECT_EQ(refusal({1, 2, 3}, model, 2, 3), "");
  EXPECT_THAT(refusal({1, 2, 3}, model, 2, 4),
              HasSubstr("has 6 tokens with its generated answer (eval.max_new_tokens: 4)"));
}

}  // namespace
}  // namespace lethe::run
