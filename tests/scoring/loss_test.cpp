#include "tests/scoring/characteristics_fixture.h"

namespace lethe::scoring::characteristics {
namespace {

TEST_F(Characteristics, LossIsTheMeanNegativeLogLikelihood) {
  const auto p = log_probs_.of(2);
  EXPECT_NEAR(of("loss")[2], -(p[0] + p[1]) / 2, 1e-14);
}

}  // namespace
}  // namespace lethe::scoring::characteristics
