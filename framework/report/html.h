// Text and numbers as a reader wants to see them, safe inside HTML.
#pragma once

#include <string>
#include <string_view>

namespace lethe::report {

// For element content and for attribute values in double quotes. Control characters other than tab and
// newline, which HTML cannot hold, become U+FFFD.
[[nodiscard]] std::string escape(std::string_view text);

// 0.913, 12.4, 1.62 × 10⁻¹⁰, −0.04; "not a number" and "∞" for what is not finite. Unicode, no markup.
[[nodiscard]] std::string number(double value);
// Exactly `decimals` places, with a true minus sign.
[[nodiscard]] std::string fixed(double value, int decimals);
// As `fixed`, with + or − always.
[[nodiscard]] std::string signed_fixed(double value, int decimals);
// 49152 -> "49,152".
[[nodiscard]] std::string grouped(long long value);
// ⁻¹⁰
[[nodiscard]] std::string superscript(int exponent);

// The first `letters` of a hash, the whole of it as tooltip. HTML.
[[nodiscard]] std::string short_hash(std::string_view hash, std::size_t letters = 10);

// `words` as HTML with those underlined (<mark>) that the answer also has, so that the eye sees what is still
// known.
[[nodiscard]] std::string marked_words(std::string_view words, std::string_view answer);

}  // namespace lethe::report
