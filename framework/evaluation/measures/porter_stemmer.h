// The Porter stemmer (Program 14.3, 1980) with the extensions that NLTK makes to it, which is what
// rouge-score uses.
#pragma once

#include <string>
#include <string_view>

namespace lethe::evaluation {

// `word` is lower-case ASCII letters and digits.
[[nodiscard]] std::string porter_stem(std::string_view word);

}  // namespace lethe::evaluation
