#include "framework/report/html.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <set>

namespace lethe::report {
namespace {

const std::string kMinus = "\u2212";

std::string with_true_minus(std::string text) {
  return text.starts_with('-') ? fmt::format("{}{}", kMinus, std::string_view(text).substr(1)) : text;
}

bool is_word_byte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || (static_cast<unsigned char>(c) & 0x80);
}

std::string lower(std::string_view word) {
  std::string out(word);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

// Calls `visit(piece, is_word)` for the words and for what stands between them, in order.
template <class Visit>
void for_each_piece(std::string_view text, Visit visit) {
  while (!text.empty()) {
    const bool is_word = is_word_byte(text.front());
    std::size_t end = 0;
    while (end < text.size() && is_word_byte(text[end]) == is_word) ++end;
    visit(text.substr(0, end), is_word);
    text.remove_prefix(end);
  }
}

}  // namespace

std::string escape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '\t':
      case '\n':
        out += c;
        break;
      default:
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
          out += "\uFFFD";
        else
          out += c;
    }
  return out;
}

std::string fixed(double value, int decimals) {
  if (std::isnan(value)) return "not a number";
  if (std::isinf(value)) return value > 0 ? "\u221E" : "\u2212\u221E";
  const std::string text = fmt::format("{:.{}f}", value, decimals);
  const bool is_zero = text.find_first_not_of("-0.") == std::string::npos;
  return is_zero && text.starts_with('-') ? text.substr(1) : with_true_minus(text);
}

std::string signed_fixed(double value, int decimals) {
  const std::string text = fixed(value, decimals);
  const bool is_plain =
      text.find_first_not_of("0.") == std::string::npos || text.starts_with(kMinus) || std::isnan(value);
  return is_plain ? text : fmt::format("+{}", text);
}

std::string number(double value) {
  if (value == 0 || !std::isfinite(value)) return fixed(value, 0);
  const double size = std::abs(value);
  if (size >= 0.001 && size < 1e5) return fixed(value, size >= 100 ? 0 : size >= 10 ? 1 : 3);
  const int exponent = static_cast<int>(std::floor(std::log10(size)));
  return fmt::format("{}\u2009\u00D7\u200910{}", fixed(value / std::pow(10, exponent), 2),
                     superscript(exponent));
}

std::string grouped(long long value) {
  const std::string digits = std::to_string(value < 0 ? -value : value);
  std::string out = value < 0 ? kMinus : "";
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += ',';
    out += digits[i];
  }
  return out;
}

std::string superscript(int exponent) {
  static const std::string digits[] = {"\u2070", "\u00B9", "\u00B2", "\u00B3", "\u2074",
                                       "\u2075", "\u2076", "\u2077", "\u2078", "\u2079"};
  std::string out = exponent < 0 ? "\u207B" : "";
  for (const char c : std::to_string(std::abs(exponent))) out += digits[c - '0'];
  return out;
}

std::string short_hash(std::string_view hash, std::size_t letters) {
  if (hash.size() <= letters) return fmt::format("<code>{}</code>", escape(hash));
  return fmt::format("<code title=\"{}\">{}\u2026</code>", escape(hash), escape(hash.substr(0, letters)));
}

std::string marked_words(std::string_view words, std::string_view answer) {
  std::set<std::string> known;
  for_each_piece(answer, [&](std::string_view piece, bool is_word) {
    if (is_word) known.insert(lower(piece));
  });
  std::string out;
  for_each_piece(words, [&](std::string_view piece, bool is_word) {
    const bool hit = is_word && known.contains(lower(piece));
    out += hit ? fmt::format("<mark>{}</mark>", escape(piece)) : escape(piece);
  });
  return out;
}

}  // namespace lethe::report
