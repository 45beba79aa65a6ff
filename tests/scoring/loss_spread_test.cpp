#include "tests/scoring/characteristics_fixture.h"

#include <cmath>

namespace lethe::scoring::characteristics {
namespace {

TEST_F(Characteristics, LossSpreadIsOverASamplesTokens) {
  const auto p = log_probs_.of(2);
  EXPECT_NEAR(of("loss_spread")[2], std::abs(p[0] - p[1]) / std::sqrt(2.0), 1e-14);
}

}  // namespace
}  // namespace lethe::scoring::characteristics
