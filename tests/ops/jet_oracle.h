// Nested automatic differentiation as the oracle of jet rules: inputs and weights become functions of one
// scalar eps, the output is contracted with random numbers, and differentiated twice.
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <vector>

#include "framework/ops/jet.h"

namespace lethe::ops {

struct Derivatives {
  at::Tensor value, first, second;  // of the contractions, [contractions]
};

inline at::Tensor random_tensor(at::IntArrayRef shape) { return at::randn(shape, at::kDouble); }

// A jet with random parts.
inline Jet random_jet(std::int64_t directions, std::vector<std::int64_t> shape) {
  shape.insert(shape.begin(), directions + 2);
  return Jet(random_tensor(shape));
}

// x + eps x1_d + eps^2/2 x2_d, where the collapsed second derivative is shared out evenly over directions.
inline at::Tensor along(const Jet& x, std::int64_t d, const at::Tensor& eps) {
  return x.value() + eps * x.first(d) + eps.pow(2) / 2 * x.second() / static_cast<double>(x.num_directions());
}
inline at::Tensor along(const JetWeight& w, std::int64_t d, const at::Tensor& eps) {
  return w.moves ? w.value + eps * w.direction(d, at::kDouble) : w.value;
}

constexpr std::int64_t kContractions = 6;

inline at::Tensor contractions(const at::Tensor& y, const at::Tensor& probes) {
  return at::mv(probes, y.reshape({-1}));
}

// d/d eps and d^2/d eps^2 of `probes` . f(eps) at 0.
inline Derivatives differentiate(const std::function<at::Tensor(const at::Tensor&)>& f,
                                 const at::Tensor& probes) {
  Derivatives result{at::empty({kContractions}, at::kDouble), at::empty({kContractions}, at::kDouble),
                     at::empty({kContractions}, at::kDouble)};
  for (std::int64_t c = 0; c < kContractions; ++c) {
    const at::Tensor eps = at::zeros({}, at::kDouble).requires_grad_(true);
    const at::Tensor y = (f(eps).reshape({-1}) * probes[c]).sum();
    const at::Tensor first = torch::autograd::grad({y}, {eps}, {}, true, true)[0];
    const auto second = torch::autograd::grad({first}, {eps}, {}, std::nullopt, false, true);
    result.value[c].copy_(y.detach());
    result.first[c].copy_(first.detach());
    result.second[c].copy_(second[0].defined() ? second[0] : at::zeros({}, at::kDouble));
  }
  return result;
}

// Is `y` the jet of f(d, eps) in every direction? Differences relative to the largest contraction.
inline void expect_jet(const Jet& y, const std::function<at::Tensor(std::int64_t, const at::Tensor&)>& f) {
  const at::Tensor probes = random_tensor({kContractions, y.value().numel()});
  const auto expect_near = [](const at::Tensor& actual, const at::Tensor& expected, const char* what) {
    const double scale = expected.abs().max().item<double>();
    EXPECT_GT(scale, 0) << what;
    EXPECT_LE((actual - expected).abs().max().item<double>(), 1e-10 * scale) << what;
  };
  at::Tensor second = at::zeros({kContractions}, at::kDouble);
  for (std::int64_t d = 0; d < y.num_directions(); ++d) {
    const Derivatives oracle = differentiate([&](const at::Tensor& eps) { return f(d, eps); }, probes);
    expect_near(contractions(y.value(), probes), oracle.value, "value");
    expect_near(contractions(y.first(d), probes), oracle.first, "first derivative");
    second += oracle.second;
  }
  expect_near(contractions(y.second(), probes), second, "second derivative");
}

}  // namespace lethe::ops
