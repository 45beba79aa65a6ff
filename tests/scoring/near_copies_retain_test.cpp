#include "tests/scoring/characteristics_fixture.h"

namespace lethe::scoring::characteristics {
namespace {

// 6 7 8 of the first sample also stands in the first retain sample.
TEST_F(Characteristics, NearCopiesInTheRetainSet) {
  EXPECT_EQ(of("near_copies_retain"), (std::vector<double>{0.5, 0, 0}));
}

}  // namespace
}  // namespace lethe::scoring::characteristics
