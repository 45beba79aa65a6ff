#include "framework/config/yaml_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/config/environment.h"

namespace lethe::config {
namespace {

bool is_plain_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
         c == '.' || c == '/';
}

// Words that some YAML reader takes for null, a boolean or a number.
bool is_special_word(std::string_view text) {
  constexpr std::array kWords = {"null", "true", "false", "yes", "no",  "on",
                                 "off",  "y",    "n",     "nan", "inf", "infinity"};
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return std::tolower(c); });
  return std::find(kWords.begin(), kWords.end(), lower) != kWords.end();
}

bool reads_back_plain(const std::string& text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), is_plain_character)) return false;
  const char first = text.front();
  const bool letter =
      (first >= 'a' && first <= 'z') || (first >= 'A' && first <= 'Z') || first == '/' || first == '_';
  return letter && !is_special_word(text);
}

std::string escaped(unsigned char c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\n':
      return "\\n";
    case '\t':
      return "\\t";
    default:
      break;
  }
  return c < 0x20 || c == 0x7F ? fmt::format("\\x{:02x}", c) : std::string(1, static_cast<char>(c));
}

}  // namespace

std::string yaml_text(bool value) { return value ? "true" : "false"; }
std::string yaml_text(std::int64_t value) { return fmt::format("{}", value); }
std::string yaml_text(std::uint64_t value) { return fmt::format("{}", value); }

std::string yaml_text(double value) {
  if (std::isnan(value)) return ".nan";
  if (std::isinf(value)) return value > 0 ? ".inf" : "-.inf";
  return fmt::format("{}", value);
}

std::string yaml_text(const std::string& value) {
  if (reads_back_plain(value)) return value;
  std::string text = "\"";
  for (const unsigned char c : escaped_references(value)) text += escaped(c);
  return text + "\"";
}

}  // namespace lethe::config
