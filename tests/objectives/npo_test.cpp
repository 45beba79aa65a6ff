#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(Npo, EqualsItsFormulaByHand) {
  const SmallBatch small;
  const auto terms = objective_named("{name: npo, beta: 0.5}")->terms(small.batch());
  // log(pi/pi_ref) of the samples: -3.5 + 1.75 = -1.75 and -0.375 + 1 = 0.625; -log sigmoid(-b r) = log(1 +
  // e^(b r)).
  const double expected = 2 / 0.5 * (std::log1p(std::exp(0.5 * -1.75)) + std::log1p(std::exp(0.5 * 0.625)));
  EXPECT_NEAR(terms[0].sum.item<double>(), expected, 1e-12);
  EXPECT_EQ(terms[0].count, samples_of(Role::forget));
  EXPECT_NEAR(terms[1].sum.item<double>(), 2.75, 1e-12);
  EXPECT_EQ(terms[1].count, tokens_of(Role::retain));
}

TEST(Npo, GivesThePublishedNumber) { EXPECT_NEAR(loss_on_vectors("npo").terms["forget"], 9.25099933, 1e-8); }

TEST(Npo, TendsToGradientAscentAsBetaVanishes) {
  const SmallBatch small;
  const auto term = objective_named("{name: npo, beta: 1.0e-7}")->terms(small.batch())[0];
  const at::Tensor gradient = torch::autograd::grad({term.sum}, {small.forget})[0];
  EXPECT_LE((gradient - 1.0).abs().max().item<double>(), 1e-6)
      << "d(sum)/d(log p) of gradient ascent is +1 for every token";
}

}  // namespace
}  // namespace lethe::objectives
