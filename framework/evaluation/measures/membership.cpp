#include "framework/evaluation/measures/membership.h"

#include <zlib.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "framework/base/error.h"
#include "framework/evaluation/measures/statistics.h"

namespace lethe::evaluation {

double min_k(std::span<const double> token_log_probs, double k) {
  if (token_log_probs.empty()) return 0;
  std::vector<double> lowest(token_log_probs.begin(), token_log_probs.end());
  std::ranges::sort(lowest);
  const auto count = static_cast<std::size_t>(k * static_cast<double>(lowest.size()));
  lowest.resize(std::clamp<std::size_t>(count, 1, lowest.size()));
  return -mean(lowest);
}

double standardized(double log_prob, double mean_log_prob, double mean_squared_log_prob) {
  const double variance = std::max(mean_squared_log_prob - mean_log_prob * mean_log_prob, 1e-6);
  return (log_prob - mean_log_prob) / std::sqrt(variance);
}

std::size_t zlib_length(std::string_view text) {
  uLongf length = compressBound(text.size());
  std::vector<Bytef> out(length);
  const int status = compress(out.data(), &length, reinterpret_cast<const Bytef*>(text.data()), text.size());
  LETHE_CHECK(status == Z_OK, "zlib failed with {}", status);  // the buffer is large enough by construction
  return length;
}

double zlib_score(double average_loss, std::string_view text) {
  return average_loss / static_cast<double>(zlib_length(text));
}

}  // namespace lethe::evaluation
