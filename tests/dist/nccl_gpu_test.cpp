// The laws over NCCL itself, one rank a GPU.
#include <cuda_runtime_api.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "framework/dist/device.h"
#include "framework/dist/nccl_group.h"
#include "tests/dist/conformance.h"
#include "tests/dist/staged_group.h"
#include "tests/support/ranks.h"

namespace lethe::dist::tests {
namespace {

// Collective, once for all tests.
ProcessGroup& gpus() {
  static const std::unique_ptr<ProcessGroup> group = [] {
    const World& world = lethe::testing::world();
    const DeviceProbe probe = probe_devices();
    cudaSetDevice(probe.one_a_rank ? 0 : world.info().local_rank);
    return make_staged_group(
        make_nccl_world_group({.control = lethe::testing::world().group(),
                               .watchdog = world.shared_watchdog(),
                               .on_failure = [](const Error& error) { ADD_FAILURE() << error.what(); }}));
  }();
  return *group;
}

class NcclOnGpus : public ::testing::TestWithParam<Law> {
 protected:
  void SetUp() override {
    const DeviceProbe probe = probe_devices();
    const int needed = probe.one_a_rank ? 1 : lethe::testing::world().info().local_size;
    if (probe.count < needed) GTEST_SKIP() << "needs a GPU for each rank: " << probe.problem;
  }
};

TEST_P(NcclOnGpus, Hold) {
  EXPECT_EQ(gpus().backend(), "nccl");
  GetParam().check(gpus());
}

INSTANTIATE_TEST_SUITE_P(All, NcclOnGpus, ::testing::ValuesIn(laws().begin(), laws().end()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace lethe::dist::tests
