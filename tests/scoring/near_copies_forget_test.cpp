#include "tests/scoring/characteristics_fixture.h"

namespace lethe::scoring::characteristics {
namespace {

// 5 6 7 is shared: one of two 3-grams of the first sample, one of three of the second.
TEST_F(Characteristics, NearCopiesInTheForgetSetLeaveTheSampleItselfOut) {
  const auto values = of("near_copies_forget");
  EXPECT_NEAR(values[0], 1.0 / 2, 1e-12);
  EXPECT_NEAR(values[1], 1.0 / 3, 1e-12);
  EXPECT_EQ(values[2], 0);
}

}  // namespace
}  // namespace lethe::scoring::characteristics
