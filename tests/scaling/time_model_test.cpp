#include "framework/scaling/time_model.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace lethe::scaling {
namespace {

std::vector<Timing> made(const TimeModel& truth, std::initializer_list<int> worlds) {
  std::vector<Timing> timings;
  for (const int n : worlds)
    timings.push_back({n, truth.serial + truth.shared / n + truth.exchange * std::log2(n)});
  return timings;
}

void expect_same(const TimeModel& a, const TimeModel& b) {
  EXPECT_NEAR(a.serial, b.serial, 1e-9);
  EXPECT_NEAR(a.shared, b.shared, 1e-9);
  EXPECT_NEAR(a.exchange, b.exchange, 1e-9);
}

TEST(TimeModel, FindsTheTermsThatMadeTheTimes) {
  const TimeModel truth{.serial = 0.5, .shared = 8, .exchange = 0.1};
  const TimeModel found = fit(Kind::strong, made(truth, {1, 2, 4, 8}));
  expect_same(found, truth);
  EXPECT_NEAR(found.seconds(64), 0.5 + 8.0 / 64 + 0.6, 1e-9);
  EXPECT_LT(found.worst_error, 1e-9);
  const TimeModel weak{.serial = 3, .shared = 0, .exchange = 0.2};
  expect_same(fit(Kind::weak, made(weak, {1, 2, 4})), weak);
}

TEST(TimeModel, TwoWorldsTellTwoTermsOneWorldOne) {
  const TimeModel truth{.serial = 1, .shared = 4, .exchange = 0};
  expect_same(fit(Kind::strong, made(truth, {1, 2})), truth);
  EXPECT_NEAR(fit(Kind::strong, made(truth, {1})).seconds(5), 1, 1e-9)
      << "one world: all is taken as shared out";
  EXPECT_NEAR(fit(Kind::weak, made(truth, {1})).seconds(5), 5, 1e-9) << "and weak scaling as ideal";
}

TEST(TimeModel, TermsAreNeverNegative) {
  // Faster than ideal: caches. A plain fit would give a negative serial part and predict negative times.
  const std::vector<Timing> timings{{1, 8}, {2, 3.8}, {4, 1.7}};
  const TimeModel model = fit(Kind::strong, timings);
  EXPECT_GE(model.serial, 0);
  EXPECT_GE(model.exchange, 0);
  EXPECT_GT(model.seconds(1024), 0);
  EXPECT_GT(model.worst_error, 0.01);
}

}  // namespace
}  // namespace lethe::scaling
