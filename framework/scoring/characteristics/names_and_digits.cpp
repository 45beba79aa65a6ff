// Share of an answer's words that look like a name or a number: a capital that does not open a sentence, or a
// digit.
#include <algorithm>
#include <limits>

#include "framework/scoring/characteristic.h"

namespace lethe::scoring::characteristics::names_and_digits_entry {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }

double share(std::string_view text) {
  double words = 0, special = 0;
  bool opens_sentence = true;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t first = text.find_first_not_of(" \t\n\r\"'(", at);
    if (first == std::string_view::npos) break;
    at = std::min(text.find_first_of(" \t\n\r", first), text.size());
    const std::string_view word = text.substr(first, at - first);
    const bool name = is_capital(word.front()) && !opens_sentence;
    words += 1;
    special += name || std::ranges::any_of(word, is_digit) ? 1 : 0;
    opens_sentence = word.find_first_of(".!?") == word.size() - 1;
  }
  return words > 0 ? special / words : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace

std::vector<double> make(const Inputs& inputs) {
  std::vector<double> values;
  for (const std::string_view answer : inputs.answers) values.push_back(share(answer));
  return values;
}

}  // namespace lethe::scoring::characteristics::names_and_digits_entry
