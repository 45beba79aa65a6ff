// The laws over virtual ranks and over one rank, and what a misuse says.
#include "framework/dist/simulated_group.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <tuple>

#include "framework/base/error.h"
#include "tests/dist/conformance.h"

namespace lethe::dist::tests {
namespace {

class SimulatedGroupLaws : public ::testing::TestWithParam<std::tuple<int, Law>> {};

TEST_P(SimulatedGroupLaws, Hold) {
  const auto& [size, law] = GetParam();
  run_simulated(size, law.check);
}

INSTANTIATE_TEST_SUITE_P(All, SimulatedGroupLaws,
                         ::testing::Combine(::testing::Values(1, 2, 3, 4, 8),
                                            ::testing::ValuesIn(laws().begin(), laws().end())),
                         [](const auto& info) {
                           return std::string(std::get<1>(info.param).name) +
                                  std::to_string(std::get<0>(info.param));
                         });

class SingleGroupLaws : public ::testing::TestWithParam<Law> {};

TEST_P(SingleGroupLaws, Hold) { GetParam().check(*make_single_group()); }

INSTANTIATE_TEST_SUITE_P(All, SingleGroupLaws, ::testing::ValuesIn(laws().begin(), laws().end()),
                         [](const auto& info) { return std::string(info.param.name); });

std::string error_of(int size, const std::function<void(ProcessGroup&)>& body) {
  try {
    run_simulated(size, body);
  } catch (const std::exception& error) {
    return error.what();
  }
  return "no error";
}

TEST(SimulatedGroup, DifferentCollectivesAreAMismatch) {
  const std::string text = error_of(3, [](ProcessGroup& group) {
    float value = 1;
    if (group.rank() == 2)
      group.barrier();
    else
      group.all_reduce({&value, 1, DType::f32});
  });
  EXPECT_THAT(text, ::testing::HasSubstr("error[dist.mismatch]: rank 0 calls all_reduce"));
  EXPECT_THAT(text, ::testing::HasSubstr("rank 2 calls barrier"));
}

TEST(SimulatedGroup, DifferentCountsAreAMismatch) {
  const std::string text = error_of(2, [](ProcessGroup& group) {
    float values[3] = {};
    group.all_reduce({values, group.rank() == 0 ? std::size_t{2} : std::size_t{3}, DType::f32});
  });
  EXPECT_THAT(text, ::testing::HasSubstr("error[dist.mismatch]: rank 0 calls all_reduce of 2"));
}

TEST(SimulatedGroup, ARankThatLeavesEarlyIsNamed) {
  const std::string text = error_of(3, [](ProcessGroup& group) {
    if (group.rank() != 1) group.barrier();
  });
  EXPECT_THAT(text, ::testing::HasSubstr("waits in barrier, but rank 1 has finished"));
}

TEST(SimulatedGroup, TheFirstExceptionEndsAllGroups) {
  const std::string text = error_of(4, [](ProcessGroup& group) {
    const auto part = group.split(group.rank() / 2, 0);
    if (group.rank() == 3) fail("data.json", "the first one");
    for (;;) part->barrier();
  });
  EXPECT_THAT(text, ::testing::HasSubstr("the first one"));
}

TEST(Contract, OverlapOutsideOfTheOwnPlaceIsRefused) {
  std::vector<float> values(8);
  EXPECT_THAT(error_of(2,
                       [&](ProcessGroup& group) {
                         group.all_gather({values.data() + 1, 4, DType::f32}, {values.data(), 8, DType::f32});
                       }),
              ::testing::HasSubstr("buffers overlap"));
}

TEST(Contract, CountsThatDoNotFitAreRefused) {
  std::vector<float> in(2), out(3);
  EXPECT_THAT(
      error_of(
          2, [&](ProcessGroup& group) { group.all_gather(span_of(std::span(in)), span_of(std::span(out))); }),
      ::testing::HasSubstr("3 elements are not 2 ranks times 2"));
}

}  // namespace
}  // namespace lethe::dist::tests
