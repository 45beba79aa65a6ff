// Generation with a cache against the same model run over the whole text again for every token.
#include "framework/inference/generation.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <set>

#include "framework/base/error.h"
#include "framework/data/packing.h"
#include "framework/dist/simulated_group.h"
#include "framework/ops/attention.h"
#include "framework/ops/masked_attention.h"
#include "framework/walk/cached_walk.h"
#include "tests/support/tiny_model.h"

namespace lethe::inference {
namespace {

using Tokens = std::vector<std::vector<std::int32_t>>;

// Logits of the next token without any cache.
at::Tensor next_logits(const models::DecoderModel& model, sharding::WeightStore& store,
                       const std::vector<std::int32_t>& ids) {
  const data::Document document{.ids = ids};
  const data::Pack pack = data::make_pack(std::span(&document, 1));
  const at::Tensor hidden =
      walk::run_blocks(model, store, at::tensor(pack.ids, at::kLong), pack.positions,
                       [&](int, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
                         return ops::attention(q, k, v, pack.document_offsets);
                       });
  return walk::logits_of(model, store, hidden.narrow(0, hidden.size(0) - 1, 1))[0];
}

std::int32_t likeliest(const at::Tensor& logits) {
  return static_cast<std::int32_t>(logits.argmax().item<std::int64_t>());
}

Tokens without_cache(const models::DecoderModel& model, sharding::WeightStore& store, const Tokens& prompts,
                     const GenerationOptions& options) {
  Tokens outputs;
  for (std::vector<std::int32_t> ids : prompts) {
    auto& output = outputs.emplace_back();
    while (static_cast<std::int64_t>(output.size()) < options.max_new_tokens) {
      const std::int32_t token = likeliest(next_logits(model, store, ids));
      if (std::ranges::find(options.stop_ids, token) != options.stop_ids.end()) break;
      output.push_back(token);
      ids.push_back(token);
    }
  }
  return outputs;
}

class Generation : public ::testing::Test {
 protected:
  models::DecoderModel model_ = testing::tiny_model();
  Tokens prompts_ = testing::tiny_documents(7, 3, model_.config.vocab_size);
};

TEST_F(Generation, ACacheChangesNothing) {
  const auto world = dist::make_single_group();
  testing::TinyEngine engine(model_, *world, {}, {.compute = at::kDouble});
  const GenerationOptions options{.max_new_tokens = 9};
  EXPECT_EQ(generate(model_, engine.weights, *world, prompts_, options).tokens,
            without_cache(model_, engine.weights, prompts_, options));
}

TEST_F(Generation, SequencesThatStopLeaveTheOthersAsTheyWere) {
  const auto world = dist::make_single_group();
  testing::TinyEngine engine(model_, *world, {}, {.compute = at::kDouble});
  GenerationOptions options{.max_new_tokens = 9};
  const Tokens free = generate(model_, engine.weights, *world, prompts_, options).tokens;
  options.stop_ids = {free[0][2], free[3][0]};  // some stop in the middle, some at once
  const Tokens stopped = generate(model_, engine.weights, *world, prompts_, options).tokens;
  EXPECT_EQ(stopped, without_cache(model_, engine.weights, prompts_, options));
  EXPECT_TRUE(stopped[3].empty());
}

// As the definition says it: one number after the other.
TEST_F(Generation, TokensThatTheTextHoldsAreMadeLessLikely) {
  const auto world = dist::make_single_group();
  testing::TinyEngine engine(model_, *world, {}, {.compute = at::kDouble});
  const double penalty = 1.5;
  Tokens expected;
  for (std::vector<std::int32_t> ids : prompts_) {
    auto& output = expected.emplace_back();
    for (int t = 0; t < 9; ++t) {
      const at::Tensor logits = next_logits(model_, engine.weights, ids).clone();
      for (const std::int32_t id : std::set<std::int32_t>(ids.begin(), ids.end())) {
        const double logit = logits[id].item<double>();
        logits[id] = logit < 0 ? logit * penalty : logit / penalty;
      }
      output.push_back(likeliest(logits));
      ids.push_back(output.back());
    }
  }
  GenerationOptions options{.max_new_tokens = 9};
  EXPECT_NE(generate(model_, engine.weights, *world, prompts_, options).tokens, expected);
  options.repetition_penalty = penalty;
  EXPECT_EQ(generate(model_, engine.weights, *world, prompts_, options).tokens, expected);
}

// The hidden token stays in the text, masked, and positions count what is seen: how transformers generates
// with a mask.
Tokens with_mask(const models::DecoderModel& model, sharding::WeightStore& store, const Tokens& prompts,
                 std::int32_t unseen_id, std::int64_t new_tokens) {
  Tokens outputs;
  for (std::vector<std::int32_t> ids : prompts) {
    auto& output = outputs.emplace_back();
    std::vector<std::uint8_t> hidden;
    for (const std::int32_t id : ids) hidden.push_back(id == unseen_id ? 1 : 0);
    for (std::int64_t t = 0; t < new_tokens; ++t) {
      std::vector<std::int64_t> positions, tokens(ids.begin(), ids.end());
      std::int64_t seen = 0;
      for (const std::uint8_t h : hidden) positions.push_back(h != 0 ? 1 : seen++);
      const std::vector<std::int64_t> offsets = {0, static_cast<std::int64_t>(ids.size())};
      const at::Tensor states =
          walk::run_blocks(model, store, at::tensor(tokens, at::kLong), positions,
                           [&](int, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
                             return ops::masked_attention(q, k, v, offsets, hidden);
                           });
      output.push_back(likeliest(walk::logits_of(model, store, states.narrow(0, states.size(0) - 1, 1))[0]));
      ids.push_back(output.back());
      hidden.push_back(0);
    }
  }
  return outputs;
}

TEST_F(Generation, NobodyAttendsToAnUnseenToken) {
  const auto world = dist::make_single_group();
  testing::TinyEngine engine(model_, *world, {}, {.compute = at::kDouble});
  GenerationOptions options{.max_new_tokens = 9};
  constexpr std::int32_t kUnseen = 5;
  for (auto& prompt : prompts_) {
    prompt.insert(prompt.begin(), kUnseen);
    prompt.insert(prompt.end() - 1, kUnseen);
    if (prompt.back() == kUnseen) prompt.back() = kUnseen + 1;
  }
  const Tokens seen = generate(model_, engine.weights, *world, prompts_, options).tokens;
  options.unseen_id = kUnseen;
  const Tokens unseen = generate(model_, engine.weights, *world, prompts_, options).tokens;
  EXPECT_NE(unseen, seen);
  EXPECT_EQ(unseen, with_mask(model_, engine.weights, prompts_, kUnseen, 9));
  prompts_[0].push_back(kUnseen);
  try {
    (void)generate(model_, engine.weights, *world, prompts_, options);
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "config.conflict");
    EXPECT_NE(e.message().find("a prompt ends in token 5"), std::string::npos);
  }
}

TEST_F(Generation, MarginsSayHowSureEachChoiceWas) {
  const auto world = dist::make_single_group();
  testing::TinyEngine engine(model_, *world, {}, {.compute = at::kDouble});
  const Generated out = generate(model_, engine.weights, *world, prompts_, {.max_new_tokens = 3}, true);
  for (std::size_t p = 0; p < prompts_.size(); ++p) {
    EXPECT_EQ(out.margins[p].size(), out.tokens[p].size());
    for (const float margin : out.margins[p]) EXPECT_GE(margin, 0);
  }
}

TEST_F(Generation, RanksBringTheirOwnPromptsOrNoneOnShardedWeights) {
  const auto world = dist::make_single_group();
  testing::TinyEngine alone(model_, *world, {}, {.compute = at::kDouble});
  const GenerationOptions options{.max_new_tokens = 5};
  const Tokens expected = generate(model_, alone.weights, *world, prompts_, options).tokens;
  dist::run_simulated(3, [&](dist::ProcessGroup& group) {
    testing::TinyEngine engine(model_, group, {.zero = 3, .shard_size = 3}, {.compute = at::kDouble});
    Tokens mine;
    if (group.rank() == 0) mine = {prompts_[0], prompts_[1]};
    if (group.rank() == 2) mine = {prompts_[4]};
    const Tokens out = generate(model_, engine.weights, group, mine, options).tokens;
    for (std::size_t i = 0; i < out.size(); ++i)
      EXPECT_EQ(out[i], expected[group.rank() == 0 ? i : 4]) << "rank " << group.rank();
  });
}

}  // namespace
}  // namespace lethe::inference
