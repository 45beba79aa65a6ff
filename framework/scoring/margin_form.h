// Token log-probability in margin form, the scalar reference that faster paths are tested against:
//
//   P_t = -softplus(m),   m = log sum_{v != t} exp(z_v - z_t)
//
// It keeps relative accuracy where the token is almost certain; z_t - LSE(z) only has absolute accuracy and
// gives 0. Instantiated for float and double.
#pragma once

#include <cstdint>
#include <span>

namespace lethe::scoring {

// log(1 + exp(s)) without overflow.
template <class T>
[[nodiscard]] T softplus(T s);

// What one slice of the vocabulary contributes: `largest` of z_v - z_t, and the sum of exp(z_v - z_t -
// largest).
template <class T>
struct MarginPart {
  T largest;
  T sum;
};

// `target` is the place of the target in this slice, -1 if another slice holds it; `target_logit` is z_t.
template <class T>
[[nodiscard]] MarginPart<T> margin_part(std::span<const T> logits, std::int64_t target, T target_logit);

// P_t from all slices of a vocabulary-parallel head, in slice order. -0.0 where the token is certain beyond
// the format.
template <class T>
[[nodiscard]] T token_log_prob(std::span<const MarginPart<T>> parts);

// P_t from a whole row of logits.
template <class T>
[[nodiscard]] T token_log_prob(std::span<const T> logits, std::int64_t target);

}  // namespace lethe::scoring
