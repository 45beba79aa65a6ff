// Measures of one sample made from the log-likelihoods of its answers. Everything is float64.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace lethe::evaluation {

// The length-normalised probability of an answer: e^-a, a = its mean negative log-likelihood a token (end
// included).
[[nodiscard]] double answer_probability(double average_loss);

// c / (c + sum w + 1e-10): the right answer against the wrong ones it is offered with.
[[nodiscard]] double probability_with_options(double correct_loss, std::span<const double> wrong_losses);

// R = W / (C + 1e-10), C and W the geometric means over the right and the wrong answers' probabilities. Below
// 1: the model still prefers the truth.
[[nodiscard]] double truth_ratio(std::span<const double> correct_losses,
                                 std::span<const double> wrong_losses);
// C / (C + W + 1e-10), the form that the aggregator `prob_mean` averages.
[[nodiscard]] double truth_probability(std::span<const double> correct_losses,
                                       std::span<const double> wrong_losses);

// Means over samples of truth_ratio (the first two) or truth_probability.
[[nodiscard]] double closer_to_1_better(
    std::span<const double> ratios);  // min(R, 1/R): 1 = truth and falsehood look alike
[[nodiscard]] double true_better(std::span<const double> ratios);  // max(0, 1 - R): 1 = sure of the truth
[[nodiscard]] double prob_mean(std::span<const double> probabilities);

// `matches[i]`: whether the i-th target token (the last one left out) is the model's first choice.
// The fraction of matches; nothing for a sample without tokens.
[[nodiscard]] std::optional<double> exact_memorization(std::span<const std::uint8_t> matches);
// 1 - k/N, k the shortest prefix after which every token is the model's first choice; never below 1/N (the
// reference implementation counts the last token as extracted); 0 for a sample without tokens.
[[nodiscard]] double extraction_strength(std::span<const std::uint8_t> matches);

}  // namespace lethe::evaluation
