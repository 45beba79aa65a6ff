// A model's chat template: messages in, the text that the model was trained on out. The subset of Jinja that
// published chat templates of Llama-3, SmolLM2, Qwen2.5, Mistral, Gemma, Zephyr and Phi-3.5 use, with the
// settings of transformers (trim_blocks and lstrip_blocks on, Python's values and text).
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace lethe::data {

struct Message {
  std::string role, content;
};

struct RenderOptions {
  bool add_generation_prompt = false;
  std::string bos_token = {}, eos_token = {}, pad_token = {};
  // "2025-04-10": what strftime_now formats. Without it that very date is used, and a template that asks for
  // the date is warned about (template.date).
  std::optional<std::string> date = {};
  std::vector<std::pair<std::string, std::string>> variables =
      {};  // more of the user's own, for example date_string
};

class ChatTemplate {
 public:
  // Errors: template.construct names what is not supported and its line.
  [[nodiscard]] static ChatTemplate parse(const std::string& source);
  // The template of a model directory: chat_template.jinja, or `chat_template` of tokenizer_config.json (a
  // text, or the one named "default" of a list). Nothing when the directory has none.
  [[nodiscard]] static std::optional<ChatTemplate> load(const std::filesystem::path& directory);

  ChatTemplate(ChatTemplate&&) noexcept;
  ChatTemplate& operator=(ChatTemplate&&) noexcept;
  ~ChatTemplate();

  // Errors: template.raised (its own raise_exception), template.budget (more than 1,000,000 steps),
  // template.type.
  [[nodiscard]] std::string render(std::span<const Message> messages, const RenderOptions& options) const;

  [[nodiscard]] const std::string& hash() const;  // of the source

 private:
  struct Tree;
  explicit ChatTemplate(std::unique_ptr<Tree> tree);
  std::unique_ptr<Tree> tree_;
};

}  // namespace lethe::data
