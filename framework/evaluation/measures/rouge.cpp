#include "framework/evaluation/measures/rouge.h"

#include <algorithm>
#include <map>

#include "framework/evaluation/measures/porter_stemmer.h"

namespace lethe::evaluation {
namespace {

using Tokens = std::vector<std::string>;

// The character that Python's str.lower() makes of the one at `at`, where that is a–z or 0–9; 0 if it
// separates. Outside ASCII only two characters have such a lower case: the Kelvin sign, and I with a dot
// (which leaves a combining dot behind it, a separator).
char lowered(std::string_view text, std::size_t at) {
  const char c = text[at];
  if (c >= 'A' && c <= 'Z') return static_cast<char>(c - 'A' + 'a');
  if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9')) return c;
  if (text.substr(at, 3) == "\xE2\x84\xAA") return 'k';
  if (text.substr(at, 2) == "\xC4\xB0") return 'i';
  return 0;
}

std::size_t length_of(std::string_view text, std::size_t at) {
  return text.substr(at, 3) == "\xE2\x84\xAA" ? 3 : 1;
}

RougeScore score(std::size_t overlap, const Tokens& target, const Tokens& prediction) {
  if (target.empty() || prediction.empty()) return {};
  RougeScore s;
  s.precision = static_cast<double>(overlap) / static_cast<double>(prediction.size());
  s.recall = static_cast<double>(overlap) / static_cast<double>(target.size());
  if (s.precision + s.recall > 0) s.f1 = 2 * s.precision * s.recall / (s.precision + s.recall);
  return s;
}

std::size_t shared_words(const Tokens& target, const Tokens& prediction) {
  std::map<std::string_view, std::size_t> left;
  for (const std::string& token : target) ++left[token];
  std::size_t shared = 0;
  for (const std::string& token : prediction)
    if (const auto found = left.find(token); found != left.end() && found->second > 0) {
      --found->second;
      ++shared;
    }
  return shared;
}

std::size_t longest_common_subsequence(const Tokens& target, const Tokens& prediction) {
  std::vector<std::size_t> row(prediction.size() + 1, 0);
  for (const std::string& token : target) {
    std::size_t diagonal = 0;  // row[j - 1] of the row above
    for (std::size_t j = 1; j < row.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = token == prediction[j - 1] ? diagonal + 1 : std::max(above, row[j - 1]);
      diagonal = above;
    }
  }
  return row.back();
}

}  // namespace

std::vector<std::string> rouge_tokens(std::string_view text, bool use_stemmer) {
  Tokens tokens;
  std::string word;
  const auto finish = [&] {
    if (!word.empty()) tokens.push_back(use_stemmer && word.size() > 3 ? porter_stem(word) : word);
    word.clear();
  };
  for (std::size_t at = 0; at < text.size(); at += length_of(text, at)) {
    const char c = lowered(text, at);
    if (c == 0)
      finish();
    else
      word += c;
  }
  finish();
  return tokens;
}

Rouge rouge(std::string_view target, std::string_view prediction, bool use_stemmer) {
  const Tokens wanted = rouge_tokens(target, use_stemmer), given = rouge_tokens(prediction, use_stemmer);
  return {score(shared_words(wanted, given), wanted, given),
          score(longest_common_subsequence(wanted, given), wanted, given)};
}

}  // namespace lethe::evaluation
