// Counting n-grams of words.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace lethe::evaluation {

// -sum f log2 f over the relative frequencies of the n-grams, bits; 0 for fewer than n words.
[[nodiscard]] double entropy_of_ngrams(std::span<const std::string> words, std::size_t n);

}  // namespace lethe::evaluation
