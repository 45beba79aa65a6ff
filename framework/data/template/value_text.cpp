// Values as Python prints them, and as JSON.
#include <fmt/format.h>

#include <cmath>

#include "framework/data/template/budget.h"
#include "framework/data/template/value.h"
#include "framework/data/tokenizer/unicode.h"

namespace lethe::data::jinja {
namespace {

// What repr() escapes: the quote, the backslash, controls and white space other than the blank.
std::string quoted(const std::string& text) {
  const char quote = text.find('\'') != std::string::npos && text.find('"') == std::string::npos ? '"' : '\'';
  std::string out(1, quote);
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\\' || c == static_cast<char32_t>(quote))
      out += {'\\', static_cast<char>(c)};
    else if (c < 0x20 || (c >= 0x7f && c <= 0xa0) || c == 0xad)
      out += fmt::format("\\x{:02x}", static_cast<unsigned>(c));
    else if ((c != ' ' && is_white_space(c)) || (c >= 0x200b && c <= 0x200f))
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
    else
      append_code_point(out, c);
  }
  return out += quote;
}

std::string json_quoted(const std::string& text) {
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (c == '\n')
      out += "\\n";
    else if (c == '\r')
      out += "\\r";
    else if (c == '\t')
      out += "\\t";
    else if (c == '\b')
      out += "\\b";
    else if (c == '\f')
      out += "\\f";
    else if (byte < 0x20)
      out += fmt::format("\\u{:04x}", byte);
    else
      out += c;
  }
  return out += '"';
}

std::string joined_reprs(const Items& items) {
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) out.append(i == 0 ? "" : ", ").append(to_repr(items[i]));
  return out;
}

std::string mapping_repr(const Members& members) {
  std::string out = "{";
  for (std::size_t i = 0; i < members.size(); ++i)
    out.append(i == 0 ? "" : ", ")
        .append(quoted(members[i].first))
        .append(": ")
        .append(to_repr(members[i].second));
  return out += '}';
}

class JsonPrinter {
 public:
  JsonPrinter(std::int64_t indent, int line) : indent_(indent), line_(line) {}

  std::string print(const Value& value, std::int64_t level = 0) const {
    if (value.text()) return json_quoted(*value.text());
    if (value.list()) return print_list(*value.list(), level + 1);
    if (value.mapping()) return print_mapping(*value.mapping(), level + 1);
    if (value.is_none()) return "null";
    if (value.flag()) return *value.flag() ? "true" : "false";
    if (value.integer()) return fmt::format("{}", *value.integer());
    if (!value.real()) fail_type(line_, value.type_name() + " has no JSON form");
    if (std::isfinite(*value.real())) return real_to_text(*value.real());
    return std::isnan(*value.real()) ? "NaN" : *value.real() > 0 ? "Infinity" : "-Infinity";
  }

 private:
  std::string line_break(std::int64_t level) const {
    return indent_ < 0 ? "" : "\n" + std::string(static_cast<std::size_t>(indent_ * level), ' ');
  }
  std::string separator(std::int64_t level) const { return indent_ < 0 ? ", " : "," + line_break(level); }

  std::string print_list(const List& list, std::int64_t level) const {
    if (list.items.empty()) return "[]";
    std::string out = "[" + line_break(level);
    for (std::size_t i = 0; i < list.items.size(); ++i)
      out.append(i == 0 ? "" : separator(level)).append(print(list.items[i], level));
    return out.append(line_break(level - 1)).append("]");
  }
  std::string print_mapping(const Mapping& mapping, std::int64_t level) const {
    if (mapping.members.empty()) return "{}";
    std::string out = "{" + line_break(level);
    for (std::size_t i = 0; i < mapping.members.size(); ++i) {
      const auto& [key, member] = mapping.members[i];
      out.append(i == 0 ? "" : separator(level))
          .append(json_quoted(key))
          .append(": ")
          .append(print(member, level));
    }
    return out.append(line_break(level - 1)).append("}");
  }

  std::int64_t indent_;
  int line_;
};

}  // namespace

std::string real_to_text(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  std::string text =
      fmt::format("{}", number);  // the shortest digits that read back the same, as Python's repr
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

std::string to_text(const Value& value) {
  if (value.text()) return *value.text();
  return value.is_undefined() ? "" : to_repr(value);
}

std::string to_repr(const Value& value) {
  if (value.text()) return quoted(*value.text());
  if (value.is_none()) return "None";
  if (value.is_undefined()) return "Undefined";
  if (value.flag()) return *value.flag() ? "True" : "False";
  if (value.integer()) return fmt::format("{}", *value.integer());
  if (value.real()) return real_to_text(*value.real());
  if (value.mapping()) return mapping_repr(value.mapping()->members);
  if (!value.list()) return "<" + value.type_name() + ">";
  const List& list = *value.list();
  if (!list.tuple) return "[" + joined_reprs(list.items) + "]";
  return "(" + joined_reprs(list.items) + (list.items.size() == 1 ? ",)" : ")");
}

std::string to_json(const Value& value, std::int64_t indent, int line) {
  return JsonPrinter(indent, line).print(value);
}

}  // namespace lethe::data::jinja
