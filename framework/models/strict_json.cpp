#include "framework/models/strict_json.h"

#include <algorithm>
#include <set>
#include <vector>

#include "framework/base/error.h"

namespace lethe::models {
namespace {

std::string line_and_column(std::string_view text, std::size_t byte) {
  const std::string_view before = text.substr(0, std::min(byte, text.size()));
  const auto line = std::ranges::count(before, '\n') + 1;
  const std::size_t start = before.rfind('\n');
  return fmt::format("{}:{}", line, before.size() - (start == std::string_view::npos ? 0 : start + 1));
}

}  // namespace

nlohmann::ordered_json parse_strict_json(std::string_view text, const std::string& name, const std::string& error_key, const std::string& duplicate_key) {
  using Json = nlohmann::ordered_json;
  std::vector<std::set<std::string>> keys;
  const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
    if (depth > 100) fail(error_key, fmt::format("{}: nested deeper than 100", name));
    if (event == Json::parse_event_t::object_start) keys.emplace_back();
    if (event == Json::parse_event_t::object_end) keys.pop_back();
    if (event == Json::parse_event_t::key && !keys.back().insert(parsed.get<std::string>()).second) {
      const std::string key = parsed.get<std::string>();
      if (keys.size() == 1 && !duplicate_key.empty()) fail(duplicate_key, fmt::format("{} appears twice in {}", key, name));
      fail(error_key, fmt::format("{}: \"{}\" appears twice", name, key));
    }
    return true;
  };
  try {
    return Json::parse(text.begin(), text.end(), watch);
  } catch (const nlohmann::json::parse_error& e) {
    const std::string what = e.what();
    fail(error_key, fmt::format("{}:{}: {}", name, line_and_column(text, e.byte), what.substr(what.rfind(": ") + 2)));
  }
}

}  // namespace lethe::models
