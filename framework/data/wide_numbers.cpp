#include "framework/data/wide_numbers.h"

#include <algorithm>

namespace lethe::data {
namespace {

constexpr std::size_t kWide = 19;  // digits that always fit 64 bits, less one

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::size_t skip_digits(std::string_view text, std::size_t at) {
  while (at < text.size() && is_digit(text[at])) ++at;
  return at;
}

// Past the string that begins at `at`.
std::size_t skip_string(std::string_view text, std::size_t at) {
  for (++at; at < text.size() && text[at] != '"'; ++at)
    if (text[at] == '\\') ++at;
  return std::min(at + 1, text.size());
}

// -?(0|[1-9][0-9]*)(.[0-9]+)?([eE][-+]?[0-9]+)?
bool is_number(std::string_view word) {
  std::size_t at = word.starts_with('-') ? 1 : 0;
  std::size_t end = skip_digits(word, at);
  if (end == at || (word[at] == '0' && end > at + 1)) return false;
  if (end < word.size() && word[end] == '.') {
    at = end + 1;
    end = skip_digits(word, at);
    if (end == at) return false;
  }
  if (end < word.size() && (word[end] == 'e' || word[end] == 'E')) {
    at = end + 1;
    if (at < word.size() && (word[at] == '-' || word[at] == '+')) ++at;
    end = skip_digits(word, at);
    if (end == at) return false;
  }
  return end == word.size();
}

bool is_wide(std::string_view word) {
  return word.size() > kWide || word.find_first_of("eE") != std::string_view::npos;
}

}  // namespace

std::string without_wide_numbers(std::string_view text) {
  std::string narrow(text);
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] == '"') {
      at = skip_string(text, at);
    } else if (is_digit(text[at]) || text[at] == '-') {
      const std::size_t end = std::min(text.find_first_not_of("0123456789+-.eE", at), text.size());
      const std::string_view word = text.substr(at, end - at);
      if (is_wide(word) && is_number(word)) {
        std::fill(narrow.begin() + static_cast<std::ptrdiff_t>(at),
                  narrow.begin() + static_cast<std::ptrdiff_t>(end), ' ');
        narrow[at] = '0';
      }
      at = end;
    } else {
      ++at;
    }
  }
  return narrow;
}

}  // namespace lethe::data
