#include <gtest/gtest.h>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(Dpo, GivesThePublishedNumber) { EXPECT_NEAR(loss_on_vectors("dpo").terms["forget"], 9.78455381, 1e-8); }

TEST(Dpo, IsNpoWhereTheAlternateAnswerHasNotMoved) {
  MicroBatch batch = batch_for(objective_named("dpo")->needs());
  batch[Role::alternate].reference_log_prob = batch[Role::alternate].log_prob();
  const Term dpo = objective_named("dpo")->terms(batch)[0], npo = objective_named("npo")->terms(batch)[0];
  EXPECT_NEAR(dpo.sum.item<double>(), npo.sum.item<double>(), 1e-12);
}

}  // namespace
}  // namespace lethe::objectives
