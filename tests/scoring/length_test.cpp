#include "tests/scoring/characteristics_fixture.h"

namespace lethe::scoring::characteristics {
namespace {

TEST_F(Characteristics, LengthCountsScoredTokens) { EXPECT_EQ(of("length"), (std::vector<double>{4, 5, 2})); }

}  // namespace
}  // namespace lethe::scoring::characteristics
