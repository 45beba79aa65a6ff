#include "tests/scoring/characteristics_fixture.h"

namespace lethe::scoring::characteristics {
namespace {

// Of eight words Ada, Byron and 1833. stand out; She, Then and Paris open their sentences.
TEST_F(Characteristics, NamesAndDigitsAreAShareOfTheWords) {
  const auto values = of("names_and_digits");
  EXPECT_NEAR(values[0], 3.0 / 8, 1e-12);
  EXPECT_EQ(values[1], 0);
  EXPECT_EQ(values[2], 0);
}

}  // namespace
}  // namespace lethe::scoring::characteristics
