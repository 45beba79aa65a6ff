#include "framework/scoring/margin_form.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace lethe::scoring {

template <class T>
T softplus(T s) {
  return s > T(20) ? s + std::log1p(std::exp(-s)) : std::log1p(std::exp(s));
}

template <class T>
MarginPart<T> margin_part(std::span<const T> logits, std::int64_t target, T target_logit) {
  MarginPart<T> part{-std::numeric_limits<T>::infinity(), 0};
  for (std::size_t v = 0; v < logits.size(); ++v) {
    if (static_cast<std::int64_t>(v) != target)
      part.largest = std::max(part.largest, logits[v] - target_logit);
  }
  for (std::size_t v = 0; v < logits.size(); ++v) {
    if (static_cast<std::int64_t>(v) != target) part.sum += std::exp(logits[v] - target_logit - part.largest);
  }
  return part;
}

template <class T>
T token_log_prob(std::span<const MarginPart<T>> parts) {
  T largest = -std::numeric_limits<T>::infinity();
  for (const auto& part : parts) largest = std::max(largest, part.largest);
  T sum = 0;
  for (const auto& part : parts) {  // a slice that holds only the target has nothing to add
    if (part.sum > 0) sum += part.sum * std::exp(part.largest - largest);
  }
  return -softplus(largest + std::log(sum));
}

template <class T>
T token_log_prob(std::span<const T> logits, std::int64_t target) {
  const MarginPart<T> part = margin_part(logits, target, logits[static_cast<std::size_t>(target)]);
  return token_log_prob(std::span<const MarginPart<T>>(&part, 1));
}

template float softplus(float);
template double softplus(double);
template MarginPart<float> margin_part(std::span<const float>, std::int64_t, float);
template MarginPart<double> margin_part(std::span<const double>, std::int64_t, double);
template float token_log_prob(std::span<const MarginPart<float>>);
template double token_log_prob(std::span<const MarginPart<double>>);
template float token_log_prob(std::span<const float>, std::int64_t);
template double token_log_prob(std::span<const double>, std::int64_t);

}  // namespace lethe::scoring
