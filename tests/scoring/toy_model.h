// Small models whose Hessian trace and gradient are known in closed form, behind the interface that the score
// sees.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "framework/base/random.h"
#include "framework/scoring/margin_form.h"
#include "framework/scoring/scored_model.h"

namespace lethe::scoring {

struct ToyToken {
  std::vector<double> x;
  std::int64_t target = 0;
};
using ToySample = std::vector<ToyToken>;

inline float to_bf16(float value) {  // round to nearest even
  auto bits = std::bit_cast<std::uint32_t>(value);
  bits += 0x7fff + ((bits >> 16) & 1);
  return std::bit_cast<float>(bits & 0xffff0000u);
}

inline double made_up_normal(std::uint64_t seed, std::uint64_t element) {
  return base::gaussian({.seed = seed, .stream = base::Stream::initial_weights}, element);
}

// Softmax regression, logits = W x (W is [classes, features]), computed in T. P_t has Tr H = -|x|^2 sum_c p_c
// (1 - p_c) and gradient (e_target - p) x'.
template <class T>
class SoftmaxToy : public ScoredModel {
 public:
  SoftmaxToy(std::int64_t classes, std::vector<T> weights, std::vector<ToySample> samples)
      : classes_(classes), weights_(std::move(weights)), samples_(std::move(samples)) {}

  std::vector<SampleBase> base_pass() override {
    base_ = log_probs(weights_);
    std::vector<SampleBase> result;
    for (const auto& sample : base_) {
      SampleBase& sums = result.emplace_back();
      for (const double p : sample) {
        (p == 0 ? sums.dropped : sums.tokens) += 1;
        sums.log_prob_sum += p;
      }
    }
    return result;
  }

  std::vector<PassValues> perturbed_passes(const Noise& noise, std::span<const Perturbation> perturbations,
                                           std::span<const std::int64_t> samples) override {
    std::vector<PassValues> passes;
    for (const Perturbation& p : perturbations) {
      if (++passes_ == throw_at_) throw std::runtime_error("interrupted");
      const auto now = log_probs(moved(noise, p));
      passes.push_back(sums(now, p.eps, samples));
    }
    return passes;
  }

  // In closed form: logits are linear in the weights, so P1 = s_t - <s> and P2 = -(<s^2> - <s>^2), s = Z x.
  std::vector<DerivativeValues> derivative_passes(const Noise& noise, std::span<const DirectionGroup> groups,
                                                  std::span<const std::int64_t> samples,
                                                  SecondOrder) override {
    std::vector<DerivativeValues> result;
    for (const DirectionGroup& group : groups) {
      DerivativeValues& values = result.emplace_back();
      const std::size_t count = samples.empty() ? base_.size() : samples.size();
      for (PassValues* pass : {&values.first, &values.second}) {
        pass->ratio.assign(count, 0);
        pass->difference.assign(count, 0);
      }
      for (std::int64_t d = 0; d < group.count; ++d)
        add_derivatives(direction(noise, group.first + static_cast<std::uint32_t>(d)), samples, values);
    }
    return result;
  }

  Precision precision() const override { return precision_; }
  std::int64_t draws_at_once() const override { return draws_at_once_; }

  // tau = sum_t Tr(hess P_t) / P_t, exactly.
  double trace(std::int64_t sample) const {
    double sum = 0;
    for (const auto& token : samples_[sample]) {
      const auto p = probabilities(token);
      double norm = 0, spread = 0;
      for (const double x : token.x) norm += x * x;
      for (const double q : p) spread += q * (1 - q);
      sum += -norm * spread / std::log(p[token.target]);
    }
    return sum;
  }

  // |g|, g = sum_t grad P_t / P_t.
  double gradient_norm(std::int64_t sample) const {
    std::vector<double> g(weights_.size());
    for (const auto& token : samples_[sample]) {
      const auto p = probabilities(token);
      for (std::int64_t c = 0; c < classes_; ++c) {
        const double factor = ((c == token.target ? 1 : 0) - p[c]) / std::log(p[token.target]);
        for (std::size_t f = 0; f < token.x.size(); ++f) g[c * token.x.size() + f] += factor * token.x[f];
      }
    }
    double norm = 0;
    for (const double value : g) norm += value * value;
    return std::sqrt(norm);
  }

  std::int64_t tokens(std::int64_t sample) const {
    return static_cast<std::int64_t>(samples_[sample].size());
  }
  std::int64_t num_samples() const { return static_cast<std::int64_t>(samples_.size()); }
  const std::vector<T>& weights() const { return weights_; }
  std::int64_t passes() const { return passes_; }

  Precision precision_ = sizeof(T) == 4 ? Precision::float32 : Precision::float64;
  std::int64_t draws_at_once_ = 1;
  std::int64_t throw_at_ = -1;                                     // the perturbed pass that fails
  std::function<T(T)> stored = [](T value) { return value; };      // rounding of a weight
  std::function<T(T)> activation = [](T value) { return value; };  // rounding of a logit

 protected:
  virtual double log_prob(const std::vector<T>& logits, std::int64_t target) const {
    return token_log_prob(std::span<const T>(logits), target);
  }
  // First and second derivative of P along logits s.
  virtual std::pair<double, double> derivatives(const std::vector<double>& p, const std::vector<double>& s,
                                                std::int64_t target) const {
    double mean = 0, square = 0;
    for (std::size_t c = 0; c < p.size(); ++c) {
      mean += p[c] * s[c];
      square += p[c] * s[c] * s[c];
    }
    return {s[target] - mean, -(square - mean * mean)};
  }

 private:
  std::vector<T> direction(const Noise& noise, std::uint32_t draw) const {
    const bool signs = noise.distribution == Distribution::rademacher;
    const base::StreamKey key{.seed = noise.seed,
                              .stream = signs ? base::Stream::rademacher : base::Stream::gaussian,
                              .draw = draw,
                              .refresh = noise.refresh};
    std::vector<T> z(weights_.size());
    if (signs) {
      base::rademacher(key, 0, std::span<T>(z));
      return z;
    }
    for (std::size_t i = 0; i < z.size(); ++i) z[i] = static_cast<T>(base::gaussian(key, i));
    return z;
  }

  std::vector<T> moved(const Noise& noise, const Perturbation& p) const {
    std::vector<T> scratch = direction(noise, p.draw);
    for (std::size_t i = 0; i < scratch.size(); ++i)
      scratch[i] = weights_[i] + static_cast<T>(p.sign * p.sigma) * scratch[i];
    return scratch;
  }

  void add_derivatives(const std::vector<T>& z, std::span<const std::int64_t> samples,
                       DerivativeValues& values) const {
    for (std::size_t at = 0; at < values.first.ratio.size(); ++at) {
      const std::size_t i = samples.empty() ? at : static_cast<std::size_t>(samples[at]);
      for (std::size_t t = 0; t < base_[i].size(); ++t) {
        if (base_[i][t] == 0) continue;
        const ToyToken& token = samples_[i][t];
        std::vector<double> s(static_cast<std::size_t>(classes_));
        for (std::size_t c = 0; c < s.size(); ++c) {
          for (std::size_t f = 0; f < token.x.size(); ++f)
            s[c] += static_cast<double>(z[c * token.x.size() + f]) * token.x[f];
        }
        const auto [first, second] = derivatives(probabilities(token), s, token.target);
        values.first.ratio[at] += first / base_[i][t];
        values.first.difference[at] += first;
        values.second.ratio[at] += second / base_[i][t];
        values.second.difference[at] += second;
      }
    }
  }

  std::vector<std::vector<double>> log_probs(const std::vector<T>& weights) const {
    std::vector<T> held(weights.size());
    for (std::size_t i = 0; i < held.size(); ++i) held[i] = stored(weights[i]);
    std::vector<std::vector<double>> result;
    for (const auto& sample : samples_) {
      auto& row = result.emplace_back();
      for (const auto& token : sample) row.push_back(log_prob(logits(held, token), token.target));
    }
    return result;
  }

  std::vector<T> logits(const std::vector<T>& weights, const ToyToken& token) const {
    std::vector<T> z(static_cast<std::size_t>(classes_));
    for (std::size_t c = 0; c < z.size(); ++c) {
      for (std::size_t f = 0; f < token.x.size(); ++f)
        z[c] += weights[c * token.x.size() + f] * static_cast<T>(token.x[f]);
      z[c] = activation(z[c]);
    }
    return z;
  }

  std::vector<double> probabilities(const ToyToken& token) const {
    std::vector<double> p(static_cast<std::size_t>(classes_));
    double sum = 0;
    for (std::size_t c = 0; c < p.size(); ++c) {
      double z = 0;
      for (std::size_t f = 0; f < token.x.size(); ++f)
        z += static_cast<double>(weights_[c * token.x.size() + f]) * token.x[f];
      sum += p[c] = std::exp(z);
    }
    for (double& q : p) q /= sum;
    return p;
  }

  PassValues sums(const std::vector<std::vector<double>>& now, double eps,
                  std::span<const std::int64_t> samples) const {
    PassValues pass;
    const std::size_t count = samples.empty() ? base_.size() : samples.size();
    for (std::size_t at = 0; at < count; ++at) {
      const std::size_t i = samples.empty() ? at : static_cast<std::size_t>(samples[at]);
      double ratio = 0, difference = 0;
      for (std::size_t t = 0; t < base_[i].size(); ++t) {
        if (base_[i][t] == 0) continue;
        ratio += (base_[i][t] - now[i][t]) / std::min(base_[i][t], -eps);
        difference += base_[i][t] - now[i][t];
      }
      pass.ratio.push_back(ratio);
      pass.difference.push_back(difference);
    }
    return pass;
  }

  std::int64_t classes_;
  std::vector<T> weights_;
  std::vector<ToySample> samples_;
  std::vector<std::vector<double>> base_;
  std::int64_t passes_ = 0;
};

// First order only: P_t = z_target - 20, linear in the weights.
class LinearToy final : public SoftmaxToy<double> {
 public:
  using SoftmaxToy<double>::SoftmaxToy;

 private:
  double log_prob(const std::vector<double>& logits, std::int64_t target) const override {
    return logits[target] - 20;
  }
  std::pair<double, double> derivatives(const std::vector<double>&, const std::vector<double>& s,
                                        std::int64_t target) const override {
    return {s[target], 0.0};
  }
};

// Made-up data: `samples` samples of different lengths, targets that are often the likeliest class.
inline std::vector<ToySample> made_up_samples(std::int64_t samples, std::int64_t features,
                                              std::int64_t classes, double scale = 1) {
  std::vector<ToySample> result(static_cast<std::size_t>(samples));
  std::uint64_t element = 0;
  for (std::size_t i = 0; i < result.size(); ++i) {
    result[i].resize(3 + i % 6);
    for (auto& token : result[i]) {
      for (std::int64_t f = 0; f < features; ++f) token.x.push_back(scale * made_up_normal(17, element++));
      token.target = static_cast<std::int64_t>(element / 3) % classes;
    }
  }
  return result;
}

template <class T>
std::vector<T> made_up_weights(std::int64_t count, double scale) {
  std::vector<T> weights(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<T>(scale * made_up_normal(5, i));
  return weights;
}

template <class T>
SoftmaxToy<T> made_up_toy(std::int64_t samples = 12, std::int64_t features = 16, std::int64_t classes = 5,
                          double scale = 1) {
  return {classes, made_up_weights<T>(classes * features, 0.3 / scale),
          made_up_samples(samples, features, classes, scale)};
}

}  // namespace lethe::scoring
