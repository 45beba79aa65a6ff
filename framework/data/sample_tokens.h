// From a question and its answer to tokens, as OpenUnlearning does it: with the model's chat template (path
// A) or with tags around question and answer (path B).
//
// The prompt is a token count, not an alignment: prompt_tokens is the number of tokens of the prompt alone,
// also where the text tokenises differently at the border.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "framework/data/options.h"
#include "framework/data/sample.h"
#include "framework/data/template/chat_template.h"
#include "framework/data/tokenizer/tokenizer.h"

namespace lethe::data {

struct TokenizedSample {
  std::vector<std::int32_t> ids;  // prompt, answer, end of sequence
  // The tokens behind these are scored. All of `ids` where no token of the answer is left: such a sample has
  // no target.
  std::int64_t prompt_tokens = 0;
  bool has_target() const noexcept { return prompt_tokens < static_cast<std::int64_t>(ids.size()); }
};

class SampleTokenizer {
 public:
  // Refers to `tokenizer` and `chat_template`, which must outlive it. Errors: template.missing when
  // apply_chat_template is set and the model has no template; tokenizer.special when there is no end of
  // sequence.
  SampleTokenizer(const Tokenizer& tokenizer, const ChatTemplate* chat_template, TextOptions options);

  // Path A: never cut. Path B: cut at max_length, then the end of sequence is put behind, so max_length + 1
  // tokens at most; where the prompt alone reaches max_length nothing of the answer is left. Errors:
  // template.raised, template.budget, template.type, tokenizer.encoding, tokenizer.regex.
  [[nodiscard]] TokenizedSample tokenize(const std::string& question, const std::string& answer) const;

  // By what the sample is: its own tokens, a completion, or a question with its answer.
  [[nodiscard]] TokenizedSample tokenize(const Sample& sample) const;
  // A prefix and how it goes on, without tags or template and without an end of sequence; at most
  // `max_continuation` tokens behind the prefix's.
  [[nodiscard]] TokenizedSample complete(const std::string& prefix, const std::string& text,
                                         std::int64_t max_continuation) const;

  // What a generation starts from: one token at least. Where a completion has no prefix and the tokenizer
  // puts nothing before a text, the beginning of sequence, or else the end.
  [[nodiscard]] std::vector<std::int32_t> prompt(const Sample& sample) const;
  [[nodiscard]] std::vector<std::int32_t> prompt(const std::string& question) const;

  // Equal hashes give equal tokens: tokenizer, template and text options.
  [[nodiscard]] std::string hash() const;

 private:
  std::vector<Message> turns(const std::string& question) const;
  std::vector<std::int32_t> render(const std::vector<Message>& messages, bool add_generation_prompt) const;
  std::vector<std::int32_t> never_empty(std::vector<std::int32_t> prompt) const;
  std::string tagged_prompt(const std::string& question) const;
  std::vector<std::int32_t> encode_cut(const std::string& text) const;
  TokenizedSample tokenize_chat(const std::string& question, const std::string& answer) const;
  TokenizedSample tokenize_tagged(const std::string& question, const std::string& answer) const;

  const Tokenizer& tokenizer_;
  const ChatTemplate* template_;
  TextOptions options_;
  std::int32_t eos_id_;
};

}  // namespace lethe::data
