#include "framework/ops/adamw.h"

#include <ATen/ATen.h>
#include <c10/util/BFloat16.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "framework/ops/fused.h"
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

namespace {

struct Shard {
  const at::Tensor &weights, &gradients, &first, &second;
};

template <class T, class Moment>
void in_host_memory(const Shard& s, const AdamWStep& step, const MomentRounding& rounding) {
  const auto size = static_cast<std::size_t>(s.weights.numel());
  adamw<T, Moment>({s.weights.mutable_data_ptr<T>(), size}, {s.gradients.const_data_ptr<T>(), size},
                   {s.first.mutable_data_ptr<Moment>(), size}, {s.second.mutable_data_ptr<Moment>(), size},
                   step, rounding);
}

// One half of each element's word, as round_stochastically takes it, where the moments lie.
at::Tensor random_halves(const at::Tensor& like, const MomentRounding& rounding, int half) {
  at::Tensor words = at::empty(like.sizes(), at::kInt);
  const std::span bits(reinterpret_cast<std::uint32_t*>(words.mutable_data_ptr<std::int32_t>()),
                       static_cast<std::size_t>(words.numel()));
  base::random_words(rounding.key, rounding.first, bits);
  for (std::uint32_t& word : bits) word = half == 0 ? word & 0xFFFFu : word >> 16;
  return words.to(like.device());
}

void keep(const at::Tensor& moment, const at::Tensor& value, const MomentRounding& rounding, int half) {
  if (!rounding.stochastic || moment.scalar_type() != at::kBFloat16) {
    moment.copy_(value);
    return;
  }
  const at::Tensor carried = value.view(at::kInt).add(random_halves(value, rounding, half));
  const at::Tensor rounded = carried.bitwise_and(static_cast<std::int64_t>(-65536)).view(at::kFloat);
  moment.copy_(at::where(value.isfinite(), rounded, value));
}

// Where there is no kernel: float64 and moments in bf16 on a GPU.
void by_tensors(const Shard& shard, const AdamWStep& s, const MomentRounding& rounding) {
  at::Tensor weights = shard.weights;
  const at::Tensor gradient = shard.gradients * s.gradient_scale;
  const at::Tensor first = shard.first.to(weights.scalar_type()).mul(s.beta1).add_(gradient, 1 - s.beta1);
  const at::Tensor second =
      shard.second.to(weights.scalar_type()).mul(s.beta2).addcmul_(gradient, gradient, 1 - s.beta2);
  const double size = s.learning_rate / (1 - std::pow(s.beta1, s.step)),
               root = 1 / std::sqrt(1 - std::pow(s.beta2, s.step));
  weights.mul_(1 - s.learning_rate * s.weight_decay)
      .addcdiv_(first, second.sqrt().mul_(root).add_(s.epsilon), -size);
  keep(shard.first, first, rounding, 0);
  keep(shard.second, second, rounding, 1);
}

}  // namespace

void adamw(const at::Tensor& weights, const at::Tensor& gradients, const at::Tensor& first_moment,
           const at::Tensor& second_moment, const AdamWStep& step, const MomentRounding& rounding) {
  const Shard shard{weights, gradients, first_moment, second_moment};
  const bool narrow = first_moment.scalar_type() != weights.scalar_type();
  if (fused::takes(weights) && !narrow)
    return fused::adamw(weights, gradients, first_moment, second_moment, step);
  if (!weights.is_cpu()) return by_tensors(shard, step, rounding);
  if (weights.scalar_type() == at::kDouble) return in_host_memory<double, double>(shard, step, rounding);
  if (narrow) return in_host_memory<float, c10::BFloat16>(shard, step, rounding);
  in_host_memory<float, float>(shard, step, rounding);
}

}  // namespace lethe::ops
