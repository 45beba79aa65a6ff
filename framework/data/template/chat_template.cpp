#include "framework/data/template/chat_template.h"

#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/data/template/interpreter.h"
#include "framework/data/template/parser.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data {
namespace {

constexpr std::uint64_t kMaxConfigBytes = 64 << 20;

std::optional<std::string> template_text(const nlohmann::json& config) {
  const auto found = config.find("chat_template");
  if (found == config.end() || found->is_null()) return std::nullopt;
  if (found->is_string()) return found->get<std::string>();
  if (found->is_array())
    for (const auto& entry : *found)
      if (entry.is_object() && entry.value("name", "") == "default") return entry.value("template", "");
  fail("template.construct",
       "`chat_template` of tokenizer_config.json is neither a text nor a list with a default");
}

jinja::Members variables_of(std::span<const Message> messages, const RenderOptions& options) {
  using jinja::Value;
  jinja::Items list;
  for (const Message& message : messages)
    list.push_back(Value::mapping({{"role", Value(message.role)}, {"content", Value(message.content)}}));
  jinja::Members variables = {{"messages", Value::list(std::move(list))},
                              {"tools", Value()},
                              {"documents", Value()},
                              {"add_generation_prompt", Value(options.add_generation_prompt)}};
  const auto add_token = [&](const char* name, const std::string& token) {
    if (!token.empty()) variables.emplace_back(name, Value(token));
  };
  add_token("bos_token", options.bos_token);
  add_token("eos_token", options.eos_token);
  add_token("pad_token", options.pad_token);
  for (const auto& [name, value] : options.variables) variables.emplace_back(name, Value(value));
  return variables;
}

}  // namespace

struct ChatTemplate::Tree {
  jinja::Block block;
  std::string hash;
};

ChatTemplate::ChatTemplate(std::unique_ptr<Tree> tree) : tree_(std::move(tree)) {}
ChatTemplate::ChatTemplate(ChatTemplate&&) noexcept = default;
ChatTemplate& ChatTemplate::operator=(ChatTemplate&&) noexcept = default;
ChatTemplate::~ChatTemplate() = default;

ChatTemplate ChatTemplate::parse(const std::string& source) {
  if (first_invalid_utf8(source)) fail("template.construct", "the chat template is not UTF-8");
  auto tree = std::make_unique<Tree>();
  tree->block = jinja::parse_template(source);
  tree->hash = base::hash_text(source);
  return ChatTemplate(std::move(tree));
}

std::optional<ChatTemplate> ChatTemplate::load(const std::filesystem::path& directory) {
  const auto own_file = directory / "chat_template.jinja", config = directory / "tokenizer_config.json";
  if (std::filesystem::exists(own_file)) return parse(base::read_file(own_file, kMaxConfigBytes));
  if (!std::filesystem::exists(config)) return std::nullopt;
  const auto json = nlohmann::json::parse(base::read_file(config, kMaxConfigBytes), nullptr, false);
  if (!json.is_object()) fail("tokenizer.json", fmt::format("{} is not a JSON object", config.string()));
  const auto text = template_text(json);
  return text ? std::optional(parse(*text)) : std::nullopt;
}

std::string ChatTemplate::render(std::span<const Message> messages, const RenderOptions& options) const {
  const jinja::Clock clock = options.date ? jinja::clock_at(*options.date) : jinja::Clock{};
  return jinja::Interpreter(variables_of(messages, options), clock).run(tree_->block);
}

const std::string& ChatTemplate::hash() const { return tree_->hash; }

}  // namespace lethe::data
