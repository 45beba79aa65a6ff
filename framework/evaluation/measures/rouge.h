// ROUGE-1 and ROUGE-L (Lin 2004), equal to the rouge-score package 0.1.2 to the last bit: its tokenizer, its
// counting, its order of operations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lethe::evaluation {

struct RougeScore {
  double precision = 0, recall = 0, f1 = 0;
};

struct Rouge {
  RougeScore rouge1, rougeL;
};

// Lower case; everything but a–z and 0–9 separates; words longer than three characters are stemmed if asked.
[[nodiscard]] std::vector<std::string> rouge_tokens(std::string_view text, bool use_stemmer);

// `target` is the ground truth, `prediction` what the model wrote. Either one without a token: all scores 0.
// Texts are UTF-8. Time and memory: tokens(target) * tokens(prediction), tokens(prediction).
[[nodiscard]] Rouge rouge(std::string_view target, std::string_view prediction, bool use_stemmer = true);

}  // namespace lethe::evaluation
