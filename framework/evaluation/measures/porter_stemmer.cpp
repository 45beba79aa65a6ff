#include "framework/evaluation/measures/porter_stemmer.h"

#include <array>
#include <span>
#include <utility>

namespace lethe::evaluation {
namespace {

using Word = std::string_view;

bool is_vowel_letter(char c) { return c == 'a' || c == 'e' || c == 'i' || c == 'o' || c == 'u'; }

// A y is a consonant at the start of a word and after a vowel: in "toy" but not in "syzygy".
bool is_consonant(Word word, std::size_t i) {
  if (is_vowel_letter(word[i])) return false;
  if (word[i] != 'y') return true;
  return i == 0 || !is_consonant(word, i - 1);
}

// Porter's m: how often a consonant follows a vowel in [C](VC)^m[V].
int measure(Word stem) {
  int count = 0;
  bool previous = true;
  for (std::size_t i = 0; i < stem.size(); ++i) {
    const bool consonant = stem[i] == 'y' ? i == 0 || !previous : !is_vowel_letter(stem[i]);
    if (i > 0 && consonant && !previous) ++count;
    previous = consonant;
  }
  return count;
}

bool contains_vowel(Word stem) {
  for (std::size_t i = 0; i < stem.size(); ++i)
    if (!is_consonant(stem, i)) return true;
  return false;
}

bool ends_double_consonant(Word word) {
  const std::size_t n = word.size();
  return n >= 2 && word[n - 1] == word[n - 2] && is_consonant(word, n - 1);
}

// Porter's *o: consonant, vowel, consonant other than w, x, y; NLTK adds words of a vowel and a consonant.
bool ends_cvc(Word word) {
  const std::size_t n = word.size();
  if (n == 2) return !is_consonant(word, 0) && is_consonant(word, 1);
  if (n < 3 || !is_consonant(word, n - 3) || is_consonant(word, n - 2) || !is_consonant(word, n - 1))
    return false;
  return word[n - 1] != 'w' && word[n - 1] != 'x' && word[n - 1] != 'y';
}

struct Rule {
  Word suffix, replacement;
};

// The first rule whose suffix fits decides, also when the stem is then too short for it.
std::string apply_rules(std::string word, std::span<const Rule> rules, int smallest_measure) {
  for (const auto& [suffix, replacement] : rules) {
    if (!word.ends_with(suffix)) continue;
    const Word stem = Word(word).substr(0, word.size() - suffix.size());
    if (measure(stem) < smallest_measure) return word;
    return std::string(stem).append(replacement);
  }
  return word;
}

std::string without_end(const std::string& word, std::size_t count) {
  return word.substr(0, word.size() - count);
}

// caresses -> caress, ponies -> poni, cats -> cat; NLTK: ties -> tie.
std::string step_1a(std::string word) {
  if (word.ends_with("ies") && word.size() == 4) return without_end(word, 1);
  static constexpr std::array kRules{Rule{"sses", "ss"}, Rule{"ies", "i"}, Rule{"ss", "ss"}, Rule{"s", ""}};
  return apply_rules(std::move(word), kRules, 0);
}

// Puts back what "ed" or "ing" had taken: conflat -> conflate, hopp -> hop, fil -> file.
std::string restore_end(std::string stem) {
  if (stem.ends_with("at") || stem.ends_with("bl") || stem.ends_with("iz")) return stem + 'e';
  if (ends_double_consonant(stem)) {
    const char last = stem.back();
    return last == 'l' || last == 's' || last == 'z' ? stem : without_end(stem, 1);
  }
  if (measure(stem) == 1 && ends_cvc(stem)) stem += 'e';
  return stem;
}

// agreed -> agree, plastered -> plaster, motoring -> motor; NLTK: died -> die, spied -> spi.
std::string step_1b(std::string word) {
  if (word.ends_with("ied")) return without_end(word, word.size() == 4 ? 1 : 2);
  if (word.ends_with("eed")) return measure(without_end(word, 3)) > 0 ? without_end(word, 1) : word;
  for (const Word suffix : {Word("ed"), Word("ing")})
    if (word.ends_with(suffix))
      if (std::string stem = without_end(word, suffix.size()); contains_vowel(stem))
        return restore_end(std::move(stem));
  return word;
}

// happy -> happi, but enjoy stays (NLTK: only after a consonant, and not "by").
std::string step_1c(std::string word) {
  const std::size_t n = word.size();
  if (word.ends_with('y') && n > 2 && is_consonant(word, n - 2)) word.back() = 'i';
  return word;
}

std::string step_2(std::string word) {
  static constexpr std::array kRules{Rule{"ational", "ate"}, Rule{"tional", "tion"}, Rule{"enci", "ence"},
                                     Rule{"anci", "ance"},   Rule{"izer", "ize"},    Rule{"bli", "ble"},
                                     Rule{"alli", "al"},     Rule{"entli", "ent"},   Rule{"eli", "e"},
                                     Rule{"ousli", "ous"},   Rule{"ization", "ize"}, Rule{"ation", "ate"},
                                     Rule{"ator", "ate"},    Rule{"alism", "al"},    Rule{"iveness", "ive"},
                                     Rule{"fulness", "ful"}, Rule{"ousness", "ous"}, Rule{"aliti", "al"},
                                     Rule{"iviti", "ive"},   Rule{"biliti", "ble"},  Rule{"fulli", "ful"}};
  if (word.ends_with("alli") && measure(without_end(word, 4)) > 0) return step_2(without_end(word, 2));
  // NLTK measures the stem with the l that "logi" leaves behind.
  if (word.ends_with("logi")) return measure(without_end(word, 3)) > 0 ? without_end(word, 1) : word;
  return apply_rules(std::move(word), kRules, 1);
}

std::string step_3(std::string word) {
  static constexpr std::array kRules{Rule{"icate", "ic"}, Rule{"ative", ""},  Rule{"alize", "al"},
                                     Rule{"iciti", "ic"}, Rule{"ical", "ic"}, Rule{"ful", ""},
                                     Rule{"ness", ""}};
  return apply_rules(std::move(word), kRules, 1);
}

std::string step_4(std::string word) {
  static constexpr std::array kRules{Rule{"al", ""},    Rule{"ance", ""}, Rule{"ence", ""}, Rule{"er", ""},
                                     Rule{"ic", ""},    Rule{"able", ""}, Rule{"ible", ""}, Rule{"ant", ""},
                                     Rule{"ement", ""}, Rule{"ment", ""}, Rule{"ent", ""},  Rule{"ion", ""},
                                     Rule{"ou", ""},    Rule{"ism", ""},  Rule{"ate", ""},  Rule{"iti", ""},
                                     Rule{"ous", ""},   Rule{"ive", ""},  Rule{"ize", ""}};
  const bool keeps_ion = word.ends_with("ion") && !word.ends_with("sion") && !word.ends_with("tion");
  return keeps_ion ? word : apply_rules(std::move(word), kRules, 2);
}

// probate -> probat, cease -> ceas, controll -> control.
std::string step_5(std::string word) {
  if (word.ends_with('e')) {
    const std::string stem = without_end(word, 1);
    const int m = measure(stem);
    if (m > 1 || (m == 1 && !ends_cvc(stem))) word = stem;
  }
  return word.ends_with("ll") && measure(without_end(word, 1)) > 1 ? without_end(word, 1) : word;
}

// What NLTK looks up before it applies any rule.
const Word* irregular_stem(Word word) {
  static constexpr std::array<std::pair<Word, Word>, 16> kPool{{{"sky", "sky"},
                                                                {"skies", "sky"},
                                                                {"dying", "die"},
                                                                {"lying", "lie"},
                                                                {"tying", "tie"},
                                                                {"news", "news"},
                                                                {"innings", "inning"},
                                                                {"inning", "inning"},
                                                                {"outings", "outing"},
                                                                {"outing", "outing"},
                                                                {"cannings", "canning"},
                                                                {"canning", "canning"},
                                                                {"howe", "howe"},
                                                                {"proceed", "proceed"},
                                                                {"exceed", "exceed"},
                                                                {"succeed", "succeed"}}};
  for (const auto& [form, stem] : kPool)
    if (form == word) return &stem;
  return nullptr;
}

}  // namespace

std::string porter_stem(std::string_view word) {
  if (const Word* stem = irregular_stem(word)) return std::string(*stem);
  if (word.size() <= 2) return std::string(word);
  return step_5(step_4(step_3(step_2(step_1c(step_1b(step_1a(std::string(word))))))));
}

}  // namespace lethe::evaluation
