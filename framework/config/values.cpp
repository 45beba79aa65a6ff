#include "framework/config/values.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "framework/base/error.h"

namespace lethe::config {
namespace {

std::string shown(const Node& node) {
  switch (node.kind) {
    case Node::Kind::null: return "null";
    case Node::Kind::list: return "a list";
    case Node::Kind::map: return "a mapping";
    default: return node.quoted ? '"' + node.text + '"' : node.text;
  }
}

[[noreturn]] void wrong_type(const Node& node, const std::string& path, const std::string& expected, std::string hint = "") {
  const std::string what = node.kind == Node::Kind::scalar ? '"' + node.text + '"' : shown(node);
  fail("config.type", fmt::format("{}: {}: {} is not {}", node.place, path, what, expected), std::move(hint));
}

std::string bounds(const Range& range, const char* kind) {
  std::string text = kind;
  if (std::isfinite(range.low)) text += fmt::format(" {} {}", range.low_open ? ">" : ">=", range.low);
  if (std::isfinite(range.high)) text += fmt::format("{} <= {}", std::isfinite(range.low) ? " and" : "", range.high);
  return text;
}

void check_range(const Node& node, const std::string& path, const Range& range, double value, const char* kind) {
  const bool inside = std::isfinite(value) && value <= range.high && (range.low_open ? value > range.low : value >= range.low);
  if (!inside) fail("config.range", fmt::format("{}: {} must be {}, got {}", node.place, path, bounds(range, kind), shown(node)));
}

bool plain_integer(const Node& node) {
  if (node.kind != Node::Kind::scalar || node.quoted || node.text.empty()) return false;
  const std::size_t sign = node.text[0] == '-' || node.text[0] == '+' ? 1 : 0;
  const std::string digits = node.text.substr(sign);
  const bool leading_zero = digits.size() > 1 && digits[0] == '0';  // octal to some, decimal to others
  return !digits.empty() && !leading_zero && std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; });
}

template <class Integer>
void read_integer(const Node& node, const std::string& path, const Range& range, Integer& value) {
  if (!plain_integer(node)) wrong_type(node, path, "an integer", "write it in plain decimal digits, without quotes");
  const char* first = node.text.data() + (node.text[0] == '+' ? 1 : 0);
  const char* last = node.text.data() + node.text.size();
  Integer parsed = 0;
  const auto result = std::from_chars(first, last, parsed);
  if (result.ec != std::errc() || result.ptr != last)
    fail("config.range", fmt::format("{}: {}: {} does not fit {} 64-bit integer", node.place, path, node.text, std::is_signed_v<Integer> ? "a" : "an unsigned"));
  check_range(node, path, range, static_cast<double>(parsed), "an integer");
  value = parsed;
}

bool is_plain_word(const std::string& text) {
  static constexpr std::string_view kFirst = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_/.";
  if (text.empty() || kFirst.find(text[0]) == std::string_view::npos || text[0] == '.') return text.starts_with("./") || text.starts_with("../");
  const bool word = std::ranges::all_of(text, [](unsigned char c) { return std::isalnum(c) || c == '_' || c == '/' || c == '.' || c == '-'; });
  return word && text != "true" && text != "false" && text != "null";
}

}  // namespace

void read_value(const Node& node, const std::string& path, const Range&, bool& value) {
  const bool is_true = node.text == "true", is_false = node.text == "false";
  if (node.kind != Node::Kind::scalar || node.quoted || !(is_true || is_false)) wrong_type(node, path, "true or false; write true or false");
  value = is_true;
}

void read_value(const Node& node, const std::string& path, const Range& range, std::int64_t& value) { read_integer(node, path, range, value); }
void read_value(const Node& node, const std::string& path, const Range& range, std::uint64_t& value) { read_integer(node, path, range, value); }

void read_value(const Node& node, const std::string& path, const Range& range, double& value) {
  if (node.kind != Node::Kind::scalar || node.quoted) wrong_type(node, path, "a number");
  const std::string& text = node.text;
  const bool not_finite = text.find("nan") != std::string::npos || text.find("inf") != std::string::npos || text.find("NaN") != std::string::npos || text.find("Inf") != std::string::npos;
  if (not_finite) fail("config.range", fmt::format("{}: {} must be {}, got {}", node.place, path, bounds(range, "a finite number"), text));
  double parsed = 0;
  const char* first = text.data() + (text.starts_with('+') ? 1 : 0);
  const char* last = text.data() + text.size();
  const auto result = std::from_chars(first, last, parsed);
  if (result.ec == std::errc::result_out_of_range) fail("config.range", fmt::format("{}: {}: {} does not fit a double", node.place, path, text));
  if (result.ec != std::errc() || result.ptr != last) wrong_type(node, path, "a number");
  check_range(node, path, range, parsed, "a finite number");
  value = parsed;
}

void read_value(const Node& node, const std::string& path, const Range&, std::string& value) {
  if (node.kind != Node::Kind::scalar) wrong_type(node, path, "a text");
  value = node.text;
}

template <class T>
void read_value(const Node& node, const std::string& path, const Range& range, std::vector<T>& values) {
  if (node.kind != Node::Kind::list) wrong_type(node, path, "a list", "write [a, b]");
  values.assign(node.items.size(), T{});
  for (std::size_t i = 0; i < values.size(); ++i) read_value(node.items[i], fmt::format("{}[{}]", path, i), range, values[i]);
}
template void read_value(const Node&, const std::string&, const Range&, std::vector<std::int64_t>&);
template void read_value(const Node&, const std::string&, const Range&, std::vector<double>&);
template void read_value(const Node&, const std::string&, const Range&, std::vector<std::string>&);

std::string to_yaml(bool value) { return value ? "true" : "false"; }
std::string to_yaml(std::int64_t value) { return fmt::format("{}", value); }
std::string to_yaml(std::uint64_t value) { return fmt::format("{}", value); }
std::string to_yaml(double value) { return fmt::format("{}", value); }

std::string to_yaml(const std::string& value) {
  if (is_plain_word(value)) return value;
  std::string out = "\"";
  for (const char c : value) {
    if (c == '"' || c == '\\') out += '\\', out += c;
    else if (c == '\n') out += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20) out += fmt::format("\\x{:02x}", static_cast<int>(c));
    else out += c;
  }
  return out + "\"";
}

template <> std::string type_name<bool>() { return "true|false"; }
template <> std::string type_name<std::int64_t>() { return "integer"; }
template <> std::string type_name<std::uint64_t>() { return "integer"; }
template <> std::string type_name<double>() { return "number"; }
template <> std::string type_name<std::string>() { return "text"; }
template <> std::string type_name<std::vector<std::int64_t>>() { return "list of integers"; }
template <> std::string type_name<std::vector<double>>() { return "list of numbers"; }
template <> std::string type_name<std::vector<std::string>>() { return "list of texts"; }

}  // namespace lethe::config
