// Scores to probabilities. Every rank holds all scores (gathered in sample order), so every rank gets the
// same bits.
//
//   m_i = score_i (sum) or score_i / tokens_i (mean);   p_i = (1 - floor) m_i^power / sum m^power + floor / n
//
// A score within three standard errors of zero counts as sqrt(max(score^2 - SE^2, 0)), under a negative power
// as max(score, SE): what may be noise is not favoured. One that is no number counts as the median of the
// others.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/config/section.h"

namespace lethe::sampling {

enum class Mode { sum, mean };  // of the score over the sample's tokens

struct WeightOptions {
  double power = 1;  // 1: the paper's weights. Negative: small scores first
  double floor = 0;  // lambda: this share is spread evenly, so that nothing starves. 0 is the paper
};
// Reads `power` and `floor` where they stand beside a sampler's own keys; the caller rejects unknown ones.
void read(config::Section& section, WeightOptions& options);

struct Weights {
  std::vector<double> probability;  // [samples], sums to 1
  double effective_samples = 0;     // 1 / sum p^2
};

// Per-sample numbers a weight is made of. `errors` is empty (exact scores) or as long as `scores`; `tokens`
// is read in mode mean only.
struct ScoreView {
  std::span<const double> scores, errors;
  std::span<const std::int64_t> tokens;
};

// Needs at least one sample. Warns once where all scores are zero, and of those that are no number.
[[nodiscard]] Weights make_weights(const ScoreView& view, Mode mode, const WeightOptions& options);

// n equally likely samples.
[[nodiscard]] Weights equal_weights(std::int64_t count);

}  // namespace lethe::sampling
