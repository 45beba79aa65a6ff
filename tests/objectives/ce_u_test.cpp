#include <gtest/gtest.h>

#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

TEST(CeU, GivesThePublishedNumbers) {
  EXPECT_NEAR(loss_on_vectors("ce_u").total, 5.96935171, 1e-8);
  EXPECT_NEAR(loss_on_vectors("{name: ce_u, ignore_first: 0}").total, 5.58832519, 1e-8);
}

}  // namespace
}  // namespace lethe::objectives
