#include "framework/models/config_reader.h"

#include <cmath>

#include "framework/base/error.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

constexpr std::int64_t kLargestTokenId = (std::int64_t{1} << 31) - 1;

// An integer that fits; nlohmann gives large ones as unsigned or as float.
std::optional<std::int64_t> as_integer(const nlohmann::json& value, std::int64_t low, std::int64_t high) {
  if (value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(high))
    return std::nullopt;
  if (!value.is_number_integer()) return std::nullopt;
  const auto number = value.get<std::int64_t>();
  return number >= low && number <= high ? std::optional(number) : std::nullopt;
}

}  // namespace

ConfigReader::ConfigReader(const nlohmann::json& object, std::string place)
    : object_(object), place_(std::move(place)) {
  if (!object.is_object()) fail("model.config.json", place_ + " is not an object");
}

bool ConfigReader::has(const char* key) const { return object_.contains(key) && !object_.at(key).is_null(); }

bool ConfigReader::states(const char* key) const { return object_.contains(key); }

const nlohmann::json& ConfigReader::value(const char* key) const {
  if (!has(key)) fail("model.config.json", fmt::format("{} has no {}", place_, key));
  return object_.at(key);
}

void ConfigReader::refuse(const char* key, const std::string& why) const {
  const std::string shown = has(key) ? printable(object_.at(key).dump(-1, ' ', true), 60) : "nothing";
  fail("model.config.json", fmt::format("{}: {} {}, got {}", place_, key, why, shown));
}

std::int64_t ConfigReader::integer(const char* key, std::int64_t low, std::int64_t high) const {
  const auto number = as_integer(value(key), low, high);
  if (!number) refuse(key, fmt::format("must be an integer from {} to {}", low, high));
  return *number;
}

std::int64_t ConfigReader::integer_or(const char* key, std::int64_t low, std::int64_t high,
                                      std::int64_t absent) const {
  return has(key) ? integer(key, low, high) : absent;
}

double ConfigReader::positive(const char* key) const {
  const nlohmann::json& number = value(key);
  if (!number.is_number() || !(number.get<double>() > 0) || !std::isfinite(number.get<double>())) {
    refuse(key, "must be a finite number > 0");
  }
  return number.get<double>();
}

double ConfigReader::positive_or(const char* key, double absent) const {
  return has(key) ? positive(key) : absent;
}

bool ConfigReader::boolean_or(const char* key, bool absent) const {
  if (!has(key)) return absent;
  if (!value(key).is_boolean()) refuse(key, "must be true or false");
  return value(key).get<bool>();
}

std::string ConfigReader::text_or(const char* key, const std::string& absent) const {
  if (!has(key)) return absent;
  if (!value(key).is_string()) refuse(key, "must be a text");
  return value(key).get<std::string>();
}

std::vector<std::string> ConfigReader::texts(const char* key) const {
  if (!has(key)) return {};
  std::vector<std::string> all;
  if (!value(key).is_array()) refuse(key, "must be a list of texts");
  for (const nlohmann::json& item : value(key)) {
    if (!item.is_string()) refuse(key, "must be a list of texts");
    all.push_back(item.get<std::string>());
  }
  return all;
}

std::vector<std::int64_t> ConfigReader::token_ids(const char* key) const {
  if (!has(key)) return {};
  const nlohmann::json& given = value(key);
  if (std::string_view(key) == "pad_token_id" && given == -1) return {};
  std::vector<std::int64_t> ids;
  for (const nlohmann::json& item : given.is_array() ? given : nlohmann::json::array({given})) {
    const auto id = as_integer(item, 0, kLargestTokenId);
    if (!id) refuse(key, "must be a token id or a list of them");
    ids.push_back(*id);
  }
  return ids;
}

std::optional<ConfigReader> ConfigReader::object(const char* key) const {
  if (!has(key)) return std::nullopt;
  return ConfigReader(object_.at(key), place_ + ": " + key);
}

}  // namespace lethe::models
