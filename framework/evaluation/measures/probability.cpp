#include "framework/evaluation/measures/probability.h"

#include <algorithm>
#include <cmath>

#include "framework/evaluation/measures/statistics.h"

namespace lethe::evaluation {
namespace {

constexpr double kEpsilon = 1e-10;  // the reference implementation's guard; part of the numbers

}  // namespace

double answer_probability(double average_loss) { return std::exp(-average_loss); }

double probability_with_options(double correct_loss, std::span<const double> wrong_losses) {
  const double correct = answer_probability(correct_loss);
  double wrong = 0;
  for (const double loss : wrong_losses) wrong += answer_probability(loss);
  return correct / (correct + wrong + kEpsilon);
}

double truth_ratio(std::span<const double> correct_losses, std::span<const double> wrong_losses) {
  return answer_probability(mean(wrong_losses)) / (answer_probability(mean(correct_losses)) + kEpsilon);
}

double truth_probability(std::span<const double> correct_losses, std::span<const double> wrong_losses) {
  const double correct = answer_probability(mean(correct_losses));
  return correct / (correct + answer_probability(mean(wrong_losses)) + kEpsilon);
}

double closer_to_1_better(std::span<const double> ratios) {
  double sum = 0;
  for (const double ratio : ratios) sum += std::min(ratio, 1 / (ratio + kEpsilon));
  return sum / static_cast<double>(ratios.size());
}

double true_better(std::span<const double> ratios) {
  double sum = 0;
  for (const double ratio : ratios) sum += std::max(0.0, 1 - ratio);
  return sum / static_cast<double>(ratios.size());
}

double prob_mean(std::span<const double> probabilities) { return mean(probabilities); }

std::optional<double> exact_memorization(std::span<const std::uint8_t> matches) {
  if (matches.empty()) return std::nullopt;
  const auto hits = std::ranges::count_if(matches, [](std::uint8_t match) { return match != 0; });
  return static_cast<double>(hits) / static_cast<double>(matches.size());
}

double extraction_strength(std::span<const std::uint8_t> matches) {
  if (matches.empty()) return 0;
  std::size_t start = matches.size();
  while (start > 0 && matches[start - 1] != 0) --start;
  start = std::min(start, matches.size() - 1);
  return 1 - static_cast<double>(start) / static_cast<double>(matches.size());
}

}  // namespace lethe::evaluation
