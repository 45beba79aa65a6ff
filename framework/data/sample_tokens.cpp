#include "framework/data/sample_tokens.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/hash.h"

namespace lethe::data {

SampleTokenizer::SampleTokenizer(const Tokenizer& tokenizer, const ChatTemplate* chat_template,
                                 TextOptions options)
    : tokenizer_(tokenizer),
      template_(chat_template),
      options_(std::move(options)),
      eos_id_(tokenizer.eos_id()) {
  if (options_.apply_chat_template && template_ == nullptr)
    fail("template.missing",
         "data.text.apply_chat_template is set, but the model directory has no chat template",
         "set data.text.apply_chat_template: false to use tags");
}

TokenizedSample SampleTokenizer::tokenize(const std::string& question, const std::string& answer) const {
  return options_.apply_chat_template ? tokenize_chat(question, answer) : tokenize_tagged(question, answer);
}

TokenizedSample SampleTokenizer::tokenize(const Sample& sample) const {
  if (!sample.ids.empty()) return {sample.ids, sample.prompt_tokens};
  if (is_completion(sample)) return complete(sample.question, sample.answer, sample.max_continuation);
  return tokenize(sample.question, sample.answer);
}

TokenizedSample SampleTokenizer::complete(const std::string& prefix, const std::string& text,
                                          std::int64_t max_continuation) const {
  const auto before = static_cast<std::int64_t>(tokenizer_.encode(prefix, true).size());
  TokenizedSample sample{tokenizer_.encode(prefix + text, true), std::max<std::int64_t>(before, 1)};
  if (static_cast<std::int64_t>(sample.ids.size()) > before + max_continuation)
    sample.ids.resize(static_cast<std::size_t>(before + max_continuation));
  sample.prompt_tokens = std::min(sample.prompt_tokens, static_cast<std::int64_t>(sample.ids.size()));
  return sample;
}

std::vector<std::int32_t> SampleTokenizer::prompt(const Sample& sample) const {
  if (!sample.ids.empty()) return {sample.ids.begin(), sample.ids.begin() + sample.prompt_tokens};
  return is_completion(sample) ? never_empty(tokenizer_.encode(sample.question, true))
                               : prompt(sample.question);
}

std::vector<std::int32_t> SampleTokenizer::prompt(const std::string& question) const {
  return never_empty(options_.apply_chat_template ? render(turns(question), true)
                                                  : encode_cut(tagged_prompt(question)));
}

// Of nothing no next token follows: transformers' generate() then begins with the beginning of sequence, and
// lm-evaluation-harness takes the end of sequence where a tokenizer has none.
std::vector<std::int32_t> SampleTokenizer::never_empty(std::vector<std::int32_t> prompt) const {
  if (prompt.empty()) prompt.push_back(tokenizer_.special_tokens().bos_id.value_or(eos_id_));
  return prompt;
}

std::vector<Message> SampleTokenizer::turns(const std::string& question) const {
  std::vector<Message> messages;
  if (options_.system_prompt) messages.push_back({"system", *options_.system_prompt});
  messages.push_back({"user", question});
  return messages;
}

// The template writes its own special tokens, so none are added.
std::vector<std::int32_t> SampleTokenizer::render(const std::vector<Message>& messages,
                                                  bool add_generation_prompt) const {
  const SpecialTokens& special = tokenizer_.special_tokens();
  RenderOptions options{.add_generation_prompt = add_generation_prompt,
                        .bos_token = special.bos_token,
                        .eos_token = special.eos_token,
                        .pad_token = special.pad_token,
                        .date = options_.date};
  if (options_.date_string) options.variables.emplace_back("date_string", *options_.date_string);
  return tokenizer_.encode(template_->render(messages, options), false);
}

TokenizedSample SampleTokenizer::tokenize_chat(const std::string& question, const std::string& answer) const {
  std::vector<Message> messages = turns(question);
  const auto prompt_tokens = static_cast<std::int64_t>(render(messages, true).size());
  messages.push_back({"assistant", answer});
  TokenizedSample sample{render(messages, false), prompt_tokens};
  if (sample.ids.empty() || sample.ids.back() != eos_id_) sample.ids.push_back(eos_id_);
  sample.prompt_tokens = std::min(prompt_tokens, static_cast<std::int64_t>(sample.ids.size()));
  return sample;
}

std::string SampleTokenizer::tagged_prompt(const std::string& question) const {
  return options_.system_prompt_with_special_tokens + options_.user_start_tag + question +
         options_.user_end_tag + options_.asst_start_tag;
}

std::vector<std::int32_t> SampleTokenizer::encode_cut(const std::string& text) const {
  auto ids = tokenizer_.encode(text, true);
  if (static_cast<std::int64_t>(ids.size()) > options_.max_length)
    ids.resize(static_cast<std::size_t>(options_.max_length));
  return ids;
}

TokenizedSample SampleTokenizer::tokenize_tagged(const std::string& question,
                                                 const std::string& answer) const {
  const std::string text = tagged_prompt(question);
  const auto prompt_tokens = static_cast<std::int64_t>(encode_cut(text).size());
  TokenizedSample sample{encode_cut(text + answer), prompt_tokens};
  if (sample.ids.empty() || sample.ids.back() != eos_id_) sample.ids.push_back(eos_id_);
  const auto size = static_cast<std::int64_t>(sample.ids.size());
  // An end of sequence behind a cut prompt is no answer.
  sample.prompt_tokens = prompt_tokens >= options_.max_length ? size : std::min(prompt_tokens, size);
  return sample;
}

std::string SampleTokenizer::hash() const {
  base::Hasher hasher;
  const auto add = [&](const std::optional<std::string>& text) { hasher.add(text ? "1" + *text : "0"); };
  hasher.add(tokenizer_.hash()).add(options_.apply_chat_template ? template_->hash() : "tags");
  add(options_.system_prompt);
  add(options_.date);
  add(options_.date_string);
  hasher.add(options_.system_prompt_with_special_tokens)
      .add(options_.user_start_tag)
      .add(options_.user_end_tag);
  hasher.add(options_.asst_start_tag).add(std::to_string(options_.max_length));
  return hasher.hex();
}

}  // namespace lethe::data
