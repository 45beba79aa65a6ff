#include "framework/config/scalars.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace lethe::config {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string_view without_sign(std::string_view text) {
  if (text.starts_with('-') || text.starts_with('+')) text.remove_prefix(1);
  return text;
}

bool has_leading_zero(std::string_view digits) {
  return digits.size() > 1 && digits[0] == '0' && is_digit(digits[1]);
}

bool is_integer(std::string_view text) {
  const std::string_view digits = without_sign(text);
  return !digits.empty() && digits.find_first_not_of("0123456789") == std::string_view::npos &&
         !has_leading_zero(digits);
}

// [-+]? (digits [. digits?] | . digits) ([eE] [-+]? digits)?
bool is_number(std::string_view text) {
  const std::string_view digits = without_sign(text);
  if (has_leading_zero(digits)) return false;
  std::size_t at = 0, mantissa = 0;
  while (at < digits.size() && is_digit(digits[at])) ++at, ++mantissa;
  if (at < digits.size() && digits[at] == '.') ++at;
  while (at < digits.size() && is_digit(digits[at])) ++at, ++mantissa;
  if (mantissa == 0) return false;
  if (at == digits.size()) return true;
  if (digits[at] != 'e' && digits[at] != 'E') return false;
  const std::string_view exponent = without_sign(digits.substr(at + 1));
  return !exponent.empty() && exponent.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<double> special_number(std::string_view text) {
  constexpr std::array kInf = {".inf", ".Inf", ".INF", "inf", "Inf", "infinity", "Infinity"};
  constexpr std::array kNan = {".nan", ".NaN", ".NAN", "nan", "NaN"};
  const std::string_view word = without_sign(text);
  for (const std::string_view inf : kInf) {
    if (word == inf) return text.starts_with('-') ? -HUGE_VAL : HUGE_VAL;
  }
  for (const std::string_view nan : kNan) {
    if (word == nan) return std::numeric_limits<double>::quiet_NaN();
  }
  return std::nullopt;
}

template <class T>
Spelling read_integer(std::string_view text, T& value) {
  if (!is_integer(text)) return Spelling::wrong;
  if (text.starts_with('+')) text.remove_prefix(1);
  if (text == "-0") text = "0";
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  // An unsigned type refuses the sign itself (invalid_argument); its spelling is right, its value is not.
  return error == std::errc() && end == text.data() + text.size() ? Spelling::right : Spelling::out_of_range;
}

}  // namespace

Spelling read_scalar(std::string_view text, std::int64_t& value) { return read_integer(text, value); }
Spelling read_scalar(std::string_view text, std::uint64_t& value) { return read_integer(text, value); }

Spelling read_scalar(std::string_view text, double& value) {
  if (const auto special = special_number(text)) {
    value = *special;
    return Spelling::out_of_range;
  }
  if (!is_number(text)) return Spelling::wrong;
  if (text.starts_with('+')) text.remove_prefix(1);
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size()) return Spelling::right;
  // Too large or too small: from_chars does not say which, the sign of the exponent does.
  const std::size_t exponent = text.find_first_of("eE");
  const bool tiny = exponent != std::string_view::npos
                        ? text.substr(exponent + 1).starts_with('-')
                        : without_sign(text).find_first_not_of("0") == text.find('.');
  value = tiny ? 0.0 : text.starts_with('-') ? -HUGE_VAL : HUGE_VAL;
  return Spelling::out_of_range;
}

Spelling read_scalar(std::string_view text, bool& value) {
  if (text != "true" && text != "false") return Spelling::wrong;
  value = text == "true";
  return Spelling::right;
}

std::string spelling_hint_for_integer(std::string_view text) {
  double number = 0;
  if (read_scalar(text, number) == Spelling::right && number == std::floor(number) &&
      std::abs(number) < 9e15) {
    return fmt::format("write {}", static_cast<std::int64_t>(number));
  }
  if (has_leading_zero(without_sign(text))) return "leave out the leading zero";
  return "write decimal digits only";
}

}  // namespace lethe::config
