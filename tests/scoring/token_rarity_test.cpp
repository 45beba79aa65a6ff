#include "tests/scoring/characteristics_fixture.h"

#include <cmath>

namespace lethe::scoring::characteristics {
namespace {

// 28 tokens in both sets: 1 stands three times, 2 three times; 5 twice, 6 and 7 three times, 8 three times.
TEST_F(Characteristics, TokenRarityIsTheMeanSurpriseOfItsTokens) {
  const auto values = of("token_rarity");
  EXPECT_NEAR(values[2], -std::log(3.0 / 28), 1e-12);
  EXPECT_NEAR(values[0], -(std::log(2.0 / 28) + 3 * std::log(3.0 / 28)) / 4, 1e-12);
}

}  // namespace
}  // namespace lethe::scoring::characteristics
