#include <gtest/gtest.h>

#include <cmath>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(Idk, IsTheLikelihoodOfTheRefusalsAndOfTheRetainSet) {
  // Both are the second batch of the vectors: NLL 0.68864508 each.
  const VectorLoss loss = loss_on_vectors("{name: idk, retain_weight: 2}");
  EXPECT_NEAR(loss.terms.at("forget"), 0.68864508, 1e-8);
  EXPECT_NEAR(loss.total, 3 * 0.68864508, 3e-8);
}

TEST(Idk, LeavesTheForgetAnswersUnread) {
  const Needs needs = objective_named("idk")->needs();
  EXPECT_FALSE(needs[Role::forget].present);
  EXPECT_TRUE(needs[Role::alternate].present);
}

TEST(Idk, PreservationPrefersTheRetainAnswerToARefusal) {
  const auto objective = objective_named("{name: idk, anchor: ap, beta: 0.5}");
  MicroBatch batch = batch_for(objective->needs());
  batch[Role::retain] = {.offsets = {0, 1}, .statistics = {{"log_prob", at::tensor({-1.0}, at::kDouble)}}};
  batch[Role::retain_alternate] = {.offsets = {0, 2},
                                   .statistics = {{"log_prob", at::tensor({-2.0, -1.0}, at::kDouble)}}};
  const Term term = objective->terms(batch)[1];
  EXPECT_NEAR(term.sum.item<double>(), 2 * std::log1p(std::exp(-0.5 * 2.0)), 1e-12);
  EXPECT_EQ(term.count, samples_of(Role::retain));
}

}  // namespace
}  // namespace lethe::objectives
