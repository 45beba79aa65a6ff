// One JSON file of a model directory, read with simdjson's DOM: every pair of an object is seen, so
// duplicates can be refused, and a 17 MB tokenizer.json takes milliseconds. Internal to data/tokenizer.
#pragma once

#include <simdjson.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace lethe::data {

using Json = simdjson::dom::element;

class JsonFile {
 public:
  // Errors: tokenizer.json when the file cannot be read or is not one JSON value.
  explicit JsonFile(const std::filesystem::path& path);
  Json root() const noexcept { return root_; }  // valid while this object lives

 private:
  simdjson::dom::parser parser_;
  Json root_;
};

// Members of a JSON object; absent and null are the same. A member of another type is tokenizer.json.
[[nodiscard]] std::optional<Json> member(Json object, std::string_view key);
[[nodiscard]] std::string text_member(Json object, std::string_view key, std::string_view fallback);
[[nodiscard]] bool flag_member(Json object, std::string_view key, bool fallback);
[[nodiscard]] std::optional<std::int64_t> integer_member(Json object, std::string_view key);
// Iterated as `for (Json item : array_member(…))`; an absent member is tokenizer.json.
[[nodiscard]] simdjson::dom::array array_member(Json object, std::string_view key);
// `type` of a tokenizer.json component.
[[nodiscard]] std::string component_type(Json component);
// tokenizer.component: `<part> <name> is not supported`.
[[noreturn]] void refuse_component(std::string_view part, std::string_view name);

}  // namespace lethe::data
