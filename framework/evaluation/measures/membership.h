// Membership-inference scores of one sample. All are oriented like a loss: higher = less likely seen in
// training.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace lethe::evaluation {

// Minus the mean of the max(1, floor(k N)) smallest token log-probabilities (the last label left out); 0 for
// none. The same function over `standardized` values is Min-K%++.
[[nodiscard]] double min_k(std::span<const double> token_log_probs, double k = 0.4);

// (log p_y - mu) / sqrt(max(E[log^2 p] - mu^2, 1e-6)), mu = E[log p], both under the model's own
// distribution.
[[nodiscard]] double standardized(double log_prob, double mean_log_prob, double mean_squared_log_prob);

// average_loss divided by the bytes that zlib's default level makes of the text.
[[nodiscard]] double zlib_score(double average_loss, std::string_view text);
[[nodiscard]] std::size_t zlib_length(std::string_view text);

}  // namespace lethe::evaluation
