#include "framework/data/tokenizer/json_file.h"

#include "framework/base/error.h"

namespace lethe::data {
namespace {

[[noreturn]] void fail_member(std::string_view key, std::string_view wanted) {
  fail("tokenizer.json", fmt::format("`{}` is not {}", key, wanted));
}

}  // namespace

JsonFile::JsonFile(const std::filesystem::path& path) {
  const auto error = parser_.load(path.string()).get(root_);
  if (error) fail("tokenizer.json", fmt::format("{}: {}", path.string(), simdjson::error_message(error)));
}

std::optional<Json> member(Json object, std::string_view key) {
  Json value;
  if (object[key].get(value) || value.is_null()) return std::nullopt;
  return value;
}

std::string text_member(Json object, std::string_view key, std::string_view fallback) {
  const auto value = member(object, key);
  if (!value) return std::string(fallback);
  std::string_view text;
  if (value->get(text)) fail_member(key, "a string");
  return std::string(text);
}

bool flag_member(Json object, std::string_view key, bool fallback) {
  const auto value = member(object, key);
  if (!value) return fallback;
  bool flag = false;
  if (value->get(flag)) fail_member(key, "true or false");
  return flag;
}

std::optional<std::int64_t> integer_member(Json object, std::string_view key) {
  const auto value = member(object, key);
  if (!value) return std::nullopt;
  std::int64_t number = 0;
  if (value->get(number)) fail_member(key, "an integer");
  return number;
}

simdjson::dom::array array_member(Json object, std::string_view key) {
  const auto value = member(object, key);
  simdjson::dom::array items;
  if (!value || value->get(items)) fail_member(key, "a list");
  return items;
}

std::string component_type(Json component) { return text_member(component, "type", "without a type"); }

void refuse_component(std::string_view part, std::string_view name) {
  fail("tokenizer.component", fmt::format("{} {} is not supported", part, name),
       "lethe reads byte-pair tokenizers (Llama, Mistral, Qwen2, Gemma, Phi-3, SmolLM2 and their like)");
}

}  // namespace lethe::data
