#include "framework/run/model_limits.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/models/strict_json.h"

namespace lethe::run {
namespace {

std::string place_of(const ReadSet& set, std::size_t i) {
  return fmt::format("sample {} of the {} set", set.samples[i].row, set.name);
}

std::string called(const std::string& key) {
  return key.empty() ? "the model" : fmt::format("the model of {}", key);
}

void check_tokens(const ReadSet& set, const data::Tokenizer& tokenizer, std::int64_t vocab_size,
                  const std::string& key) {
  for (std::size_t i = 0; i < set.documents.size(); ++i) {
    const auto& ids = set.documents[i].ids;
    const auto beyond = std::ranges::find_if(ids, [&](std::int32_t id) { return id >= vocab_size; });
    if (beyond == ids.end()) continue;
    fail("tokenizer.vocab",
         fmt::format("token {} (\"{}\") in {}: {} has {} tokens (vocab_size)", *beyond,
                     models::printable(tokenizer.token(*beyond), 40), place_of(set, i), called(key),
                     vocab_size),
         key.empty() ? "take the tokenizer that the model was trained with, or give the model rows for the "
                       "added tokens"
                     : fmt::format("name a model of the same tokenizer in {}", key));
  }
}

struct Longest {
  std::int64_t tokens = 0;
  std::string what;
};

Longest longest_of(std::span<const ReadSet> sets) {
  Longest longest;
  const auto look = [&](std::int64_t tokens, const ReadSet& set, std::size_t i, const std::string& beside) {
    if (tokens > longest.tokens)
      longest = {tokens, fmt::format("{} has {} tokens{}", place_of(set, i), tokens, beside)};
  };
  for (const ReadSet& set : sets) {
    for (std::size_t i = 0; i < set.documents.size(); ++i)
      look(static_cast<std::int64_t>(set.documents[i].ids.size()), set, i, "");
    const std::string beside =
        fmt::format(" with its generated answer (eval.max_new_tokens: {})", set.new_tokens);
    for (std::size_t i = 0; i < std::min(set.num_generated, set.documents.size()); ++i)
      look(set.documents[i].prompt_tokens + set.new_tokens, set, i, beside);
  }
  return longest;
}

void check_lengths(std::span<const ReadSet> sets, const models::HfConfig& model, const std::string& key) {
  const Longest longest = longest_of(sets);
  if (model.sliding_window && longest.tokens > *model.sliding_window)
    fail("model.window",
         fmt::format("{}, and {} attends to the last {} only (sliding_window), which is not supported",
                     longest.what, called(key), *model.sliding_window),
         "leave such samples out, or lower data.text.max_length or eval.max_new_tokens");
  if (longest.tokens > model.max_positions)
    base::warn_once("model.positions",
                    fmt::format("{}, and {} was trained for up to {} (max_position_embeddings)", longest.what,
                                called(key), model.max_positions));
}

}  // namespace

void check_model_reads(std::span<const ReadSet> sets, const data::Tokenizer& tokenizer,
                       const models::HfConfig& model, const std::string& key) {
  for (const ReadSet& set : sets) check_tokens(set, tokenizer, model.vocab_size, key);
  check_lengths(sets, model, key);
}

}  // namespace lethe::run
