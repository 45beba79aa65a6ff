#include "framework/data/template/text_tools.h"

#include <utf8proc.h>

#include "framework/data/tokenizer/unicode.h"

namespace lethe::data::jinja {
namespace {

bool is_python_space(char32_t c) { return is_white_space(c) || (c >= 0x1c && c <= 0x1f); }

bool belongs(char32_t c, const std::string* set) {
  if (set == nullptr) return is_python_space(c);
  for (std::size_t at = 0; at < set->size();)
    if (next_code_point(*set, at) == c) return true;
  return false;
}

void append_upper(std::string& out, char32_t c) {
  if (c == 0xdf)
    out += "SS";  // the one common letter whose upper case is two
  else
    append_code_point(out, static_cast<char32_t>(utf8proc_toupper(static_cast<utf8proc_int32_t>(c))));
}

void append_lower(std::string& out, char32_t c) {
  append_code_point(out, static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))));
}

bool is_cased(char32_t c) {
  const auto code = static_cast<utf8proc_int32_t>(c);
  return utf8proc_toupper(code) != code || utf8proc_tolower(code) != code || c == 0xdf;
}

std::vector<std::string> split_at_space(std::string_view text, std::int64_t most) {
  std::vector<std::string> parts;
  std::string_view rest = text;
  while (true) {
    while (!rest.empty()) {
      std::size_t at = 0;
      if (!is_python_space(next_code_point(rest, at))) break;
      rest.remove_prefix(at);
    }
    if (rest.empty()) return parts;
    if (most >= 0 && static_cast<std::int64_t>(parts.size()) == most) break;
    std::size_t end = 0;
    for (std::size_t at = 0; at < rest.size() && !is_python_space(next_code_point(rest, at));) end = at;
    parts.emplace_back(rest.substr(0, end));
    rest = rest.substr(end);
  }
  parts.emplace_back(rest);
  return parts;
}

}  // namespace

std::string stripped(std::string_view text, const std::string* set, bool left, bool right) {
  std::size_t begin = 0, end = text.size();
  for (std::size_t at = 0; left && at < end && belongs(next_code_point(text, at), set);) begin = at;
  for (std::size_t at = end; right && at > begin && belongs(previous_code_point(text, at), set);) end = at;
  return std::string(text.substr(begin, end - begin));
}

std::vector<std::string> split_text(std::string_view text, const std::string* separator, std::int64_t most) {
  if (separator == nullptr) return split_at_space(text, most);
  std::vector<std::string> parts;
  std::size_t at = 0;
  for (auto cut = text.find(*separator); cut != std::string_view::npos; cut = text.find(*separator, at)) {
    if (most >= 0 && static_cast<std::int64_t>(parts.size()) == most) break;
    parts.emplace_back(text.substr(at, cut - at));
    at = cut + separator->size();
  }
  parts.emplace_back(text.substr(at));
  return parts;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t line_end = at;
    const char32_t c = next_code_point(text, at);
    const bool ends =
        (c >= 0x0a && c <= 0x0d) || (c >= 0x1c && c <= 0x1e) || c == 0x85 || c == 0x2028 || c == 0x2029;
    if (!ends) continue;
    if (c == '\r' && at < text.size() && text[at] == '\n') ++at;
    lines.emplace_back(text.substr(begin, line_end - begin));
    begin = at;
  }
  if (begin < text.size()) lines.emplace_back(text.substr(begin));
  return lines;
}

std::string replaced(std::string_view text, std::string_view from, std::string_view to, std::int64_t most) {
  std::string out;
  std::size_t at = 0;
  for (std::int64_t done = 0; most < 0 || done < most; ++done) {
    const auto found = text.find(from, at + (from.empty() && done > 0 ? 1 : 0));
    if (found == std::string_view::npos) break;
    out.append(text.substr(at, found - at)).append(to);
    at = found + from.size();
  }
  return out.append(text.substr(at));
}

std::string upper_case(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) append_upper(out, next_code_point(text, at));
  return out;
}

std::string lower_case(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) append_lower(out, next_code_point(text, at));
  return out;
}

std::string capitalised(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();)
    at == 0 ? append_upper(out, next_code_point(text, at)) : append_lower(out, next_code_point(text, at));
  return out;
}

std::string title_case(std::string_view text) {
  std::string out;
  bool inside = false;
  for (std::size_t at = 0; at < text.size();) {
    const char32_t c = next_code_point(text, at);
    inside ? append_lower(out, c) : append_upper(out, c);
    inside = is_cased(c);
  }
  return out;
}

}  // namespace lethe::data::jinja
