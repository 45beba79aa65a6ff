// Typed and checked access to the keys of config.json. The file is untrusted: every number has a range.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace lethe::models {

// A view of one JSON object; `place` ("config.json" or "config.json: rope_scaling") begins every message.
// Errors: model.config.json.
class ConfigReader {
 public:
  ConfigReader(const nlohmann::json& object, std::string place);

  bool has(const char* key) const;     // null counts as absent
  bool states(const char* key) const;  // null counts too
  std::int64_t integer(const char* key, std::int64_t low, std::int64_t high) const;
  std::int64_t integer_or(const char* key, std::int64_t low, std::int64_t high, std::int64_t absent) const;
  double positive(const char* key) const;
  double positive_or(const char* key, double absent) const;
  bool boolean_or(const char* key, bool absent) const;
  std::string text_or(const char* key, const std::string& absent) const;
  std::vector<std::string> texts(const char* key) const;  // absent: none
  // One id, a list of ids, or none; a pad_token_id of -1 is how old conversions of Llama write none.
  std::vector<std::int64_t> token_ids(const char* key) const;
  std::optional<ConfigReader> object(const char* key) const;
  [[noreturn]] void refuse(const char* key, const std::string& why) const;

 private:
  const nlohmann::json& value(const char* key) const;

  const nlohmann::json& object_;
  std::string place_;
};

}  // namespace lethe::models
