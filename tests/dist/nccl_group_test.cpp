// The laws over NCCL's stand-in, between the processes that mpirun started, with random delays on every
// stream.
#include "framework/dist/nccl_group.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "tests/dist/conformance.h"
#include "tests/dist/staged_group.h"
#include "tests/support/fake_cuda/fake_cuda.h"
#include "tests/support/ranks.h"

namespace lethe::dist::tests {
namespace {

std::unique_ptr<ProcessGroup> start() {
  const auto dog = std::make_shared<Watchdog>("this rank", 100, [](const Error&) {});
  return make_nccl_world_group({.control = lethe::testing::world().group(),
                                .watchdog = dog,
                                .on_failure = [](const Error& error) { ADD_FAILURE() << error.what(); }});
}

class NcclGroupLaws : public ::testing::TestWithParam<Law> {};

TEST_P(NcclGroupLaws, Hold) {
  fake_cuda::set_delays(1, GetParam().name == "LargeCountsArriveWhole" ? 0 : 50);
  const auto group = start();
  EXPECT_EQ(group->backend(), "nccl");
  GetParam().check(*group);
}

// As nccl_gpu_test does it on GPUs.
TEST_P(NcclGroupLaws, HoldThroughCopies) {
  fake_cuda::set_delays(1, 0);
  const auto group = make_staged_group(start());
  GetParam().check(*group);
}

INSTANTIATE_TEST_SUITE_P(All, NcclGroupLaws, ::testing::ValuesIn(laws().begin(), laws().end()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lethe::dist::tests
