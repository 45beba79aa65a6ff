#include <gtest/gtest.h>

#include "tests/objectives/batch.h"

namespace lethe::objectives {
namespace {

TEST(Finetune, IsOneMeanOverTheTokensOfBothSets) {
  const auto terms = objective_named("finetune")->terms(SmallBatch().batch());
  EXPECT_NEAR(terms[0].sum.item<double>() + terms[1].sum.item<double>(), 3.875 + 2.75, 1e-12);
  for (const Term& term : terms) EXPECT_EQ(term.count, kAllTokens);
}

}  // namespace
}  // namespace lethe::objectives
