#include "framework/evaluation/python_json.h"

#include <charconv>
#include <cmath>

#include "framework/base/error.h"

namespace lethe::evaluation {
namespace {

using records::Json;

std::string quoted(const std::string& text) {
  return Json(text).dump(-1, ' ', true, Json::error_handler_t::replace);
}

void write(const Json& value, std::size_t depth, std::string& out);

template <class WriteItem>
void write_items(const Json& value, std::size_t depth, std::string_view brackets, std::string& out,
                 const WriteItem& write_item) {
  out += brackets[0];
  bool first = true;
  for (const auto& item : value.items()) {
    out += first ? "\n" : ",\n";
    first = false;
    out.append(4 * (depth + 1), ' ');
    write_item(item);
  }
  if (!first) out += '\n', out.append(4 * depth, ' ');
  out += brackets[1];
}

void write(const Json& value, std::size_t depth, std::string& out) {
  if (value.is_object())
    write_items(value, depth, "{}", out, [&](const auto& item) {
      out += quoted(item.key()) + ": ";
      write(item.value(), depth + 1, out);
    });
  else if (value.is_array())
    write_items(value, depth, "[]", out, [&](const auto& item) { write(item.value(), depth + 1, out); });
  else if (value.is_string())
    out += quoted(value.get<std::string>());
  else
    out += value.is_number_float() ? python_number(value.get<double>()) : value.dump();
}

// digits "12345", exponent of the first digit -> what repr() prints.
std::string laid_out(std::string digits, int exponent) {
  const int count = static_cast<int>(digits.size());
  if (exponent < -4 || exponent >= 16) {
    if (count > 1) digits.insert(1, ".");
    return fmt::format("{}e{}{:02}", digits, exponent < 0 ? '-' : '+', std::abs(exponent));
  }
  if (exponent < 0) return "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
  if (count <= exponent + 1)
    return digits + std::string(static_cast<std::size_t>(exponent + 1 - count), '0') + ".0";
  return digits.insert(static_cast<std::size_t>(exponent + 1), ".");
}

// Quotes the bare words that JSON does not know, outside of texts.
std::string with_quoted_words(std::string_view text) {
  std::string out;
  bool inside = false;
  for (std::size_t i = 0; i < text.size();) {
    const std::string_view rest = text.substr(i);
    if (inside && text[i] == '\\') {
      out += rest.substr(0, 2);
      i += 2;
      continue;
    }
    if (text[i] == '"') inside = !inside;
    const auto word = [&](std::string_view from, std::string_view to) {
      if (inside || !rest.starts_with(from)) return false;
      out += to;
      i += from.size();
      return true;
    };
    if (word("NaN", "\"nan\"") || word("-Infinity", "\"-inf\"") || word("Infinity", "\"inf\"")) continue;
    out += text[i++];
  }
  return out;
}

}  // namespace

std::string python_number(double value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  char buffer[40];
  const auto end =
      std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::scientific);
  const std::string_view text(buffer, static_cast<std::size_t>(end.ptr - buffer));  // d.ddde-05
  const auto e = text.find('e');
  std::string digits(1, text[0]);
  if (e > 1) digits += text.substr(2, e - 2);
  int exponent = 0;
  const char* number = text.data() + e + 1;
  std::from_chars(*number == '+' ? number + 1 : number, text.data() + text.size(), exponent);
  return (std::signbit(value) ? "-" : "") + laid_out(std::move(digits), exponent);
}

std::string python_json(const Json& value) {
  std::string out;
  write(value, 0, out);
  return out;
}

Json parse_python_json(std::string_view text, const std::string& where) {
  try {
    return Json::parse(with_quoted_words(text));
  } catch (const Json::exception& e) {
    fail("eval.json", fmt::format("{}: {}", where, e.what()));
  }
}

double number_of(const Json& value) {
  if (value.is_number()) return value.get<double>();
  const std::string word = value.is_string() ? value.get<std::string>() : "";
  if (word == "inf" || word == "-inf") return word == "inf" ? HUGE_VAL : -HUGE_VAL;
  return std::nan("");
}

}  // namespace lethe::evaluation
