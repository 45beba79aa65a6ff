#include "framework/ops/adamw.h"

#include <c10/util/BFloat16.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/ops/stochastic_rounding.h"

namespace lethe::ops {
namespace {

constexpr std::size_t kChunk = 1024;  // elements whose random words exist at once

template <class T>
struct Factors {  // computed once in float64
  explicit Factors(const AdamWStep& s)
      : beta1(static_cast<T>(s.beta1)),
        beta2(static_cast<T>(s.beta2)),
        scale(static_cast<T>(s.gradient_scale)),
        keep(static_cast<T>(1 - s.learning_rate * s.weight_decay)),
        size(static_cast<T>(s.learning_rate / (1 - std::pow(s.beta1, s.step)))),
        root(static_cast<T>(1 / std::sqrt(1 - std::pow(s.beta2, s.step)))),
        epsilon(static_cast<T>(s.epsilon)) {}
  T beta1, beta2, scale, keep, size, root, epsilon;
};

// What is kept of new moments: as they are, or rounded to nearest.
template <class Moment>
struct Nearest {
  template <class T>
  Moment first(T value, std::size_t) const {
    return static_cast<Moment>(value);
  }
  template <class T>
  Moment second(T value, std::size_t) const {
    return static_cast<Moment>(value);
  }
};

struct Stochastic {  // one half of the element's word for each moment
  const std::uint32_t* words;
  c10::BFloat16 first(float value, std::size_t i) const {
    return round_stochastically(value, words[i] & 0xFFFFu);
  }
  c10::BFloat16 second(float value, std::size_t i) const {
    return round_stochastically(value, words[i] >> 16);
  }
};

template <class T, class Moment, class Kept>
void update(std::span<T> weights, std::span<const T> gradients, std::span<Moment> first_moment,
            std::span<Moment> second_moment, const Factors<T>& f, const Kept& kept) {
  T* __restrict w = weights.data();
  const T* __restrict g = gradients.data();
  Moment* __restrict m = first_moment.data();
  Moment* __restrict v = second_moment.data();
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const T gradient = g[i] * f.scale;
    const T first = f.beta1 * static_cast<T>(m[i]) + (1 - f.beta1) * gradient;
    const T second = f.beta2 * static_cast<T>(v[i]) + (1 - f.beta2) * gradient * gradient;
    w[i] = w[i] * f.keep - f.size * first / (std::sqrt(second) * f.root + f.epsilon);
    m[i] = kept.first(first, i);
    v[i] = kept.second(second, i);
  }
}

void update_stochastically(std::span<float> weights, std::span<const float> gradients,
                           std::span<c10::BFloat16> first_moment, std::span<c10::BFloat16> second_moment,
                           const Factors<float>& f, const MomentRounding& rounding) {
  std::array<std::uint32_t, kChunk> words;
  for (std::size_t at = 0; at < weights.size(); at += kChunk) {
    const std::size_t count = std::min(kChunk, weights.size() - at);
    base::random_words(rounding.key, rounding.first + at, std::span(words).first(count));
    update(weights.subspan(at, count), gradients.subspan(at, count), first_moment.subspan(at, count),
           second_moment.subspan(at, count), f, Stochastic{words.data()});
  }
}

}  // namespace

template <class T, class Moment>
void adamw(std::span<T> weights, std::span<const T> gradients, std::span<Moment> first_moment,
           std::span<Moment> second_moment, const AdamWStep& step, const MomentRounding& rounding) {
  const Factors<T> f(step);
  if constexpr (std::is_same_v<Moment, c10::BFloat16>) {
    if (rounding.stochastic)
      return update_stochastically(weights, gradients, first_moment, second_moment, f, rounding);
  }
  update(weights, gradients, first_moment, second_moment, f, Nearest<Moment>{});
}

template void adamw(std::span<float>, std::span<const float>, std::span<float>, std::span<float>,
                    const AdamWStep&, const MomentRounding&);
template void adamw(std::span<double>, std::span<const double>, std::span<double>, std::span<double>,
                    const AdamWStep&, const MomentRounding&);
template void adamw(std::span<float>, std::span<const float>, std::span<c10::BFloat16>,
                    std::span<c10::BFloat16>, const AdamWStep&, const MomentRounding&);

}  // namespace lethe::ops
