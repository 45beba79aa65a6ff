#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/scoring/mrd.h"
#include "tests/scoring/fixed_draws.h"
#include "tests/scoring/toy_model.h"

namespace lethe::scoring {
namespace {

TEST(Hvp, AgreesWithTheTraceInClosedForm) {
  auto toy = made_up_toy<double>();
  MrdOptions options = with_draws(512, 1, "hvp");
  options.sigma_eff.reset();
  const MrdResult result = score(toy, options, 0);
  for (std::int64_t i = 0; i < toy.num_samples(); ++i) {
    EXPECT_NEAR(result.samples[i].score, 0.5e-10 * std::abs(toy.trace(i)),
                3.5 * result.samples[i].standard_error);
  }
}

TEST(Hvp, IsForFloat64Only) {
  auto toy = made_up_toy<float>();
  MrdOptions options = with_draws(4, 1, "hvp");
  options.sigma_eff.reset();
  try {
    (void)score(toy, options, 0);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.key(), "config.conflict");
    EXPECT_EQ(error.message(), "score.estimator: `hvp` is an oracle for tests and runs in float64 only");
  }
}

}  // namespace
}  // namespace lethe::scoring
