// The real libraries of CUDA and NCCL on a machine without driver: they start, say that there is none, and a
// run goes on or is refused by that. Not the stand-ins: this is what a laptop or a login node has.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>

#include "framework/base/error.h"
#include "framework/dist/nccl_group.h"
#include "framework/run/device.h"

namespace lethe::run {
namespace {

using ::testing::HasSubstr;

class NoDriver : public ::testing::Test {
 protected:
  void SetUp() override {
    if (found_.count > 0) GTEST_SKIP() << "this machine has " << found_.count << " GPU(s)";
  }
  const dist::DeviceProbe found_ = dist::probe_devices();
  const dist::RankInfo rank_{.host = "node02"};
};

TEST_F(NoDriver, TheProbeGivesNoGpuAndTheReasonInCudasWords) {
  EXPECT_TRUE(found_.built);
  EXPECT_THAT(found_.problem, HasSubstr("driver"));
  EXPECT_TRUE(found_.pci_addresses.empty());
}

TEST_F(NoDriver, AutoComputesOnTheCpuAndSaysSo) {
  const DeviceChoice choice = choose_device("auto", found_, rank_);
  EXPECT_EQ(choice.word, "cpu");
  EXPECT_THAT(choice.reason, HasSubstr("driver"));
  EXPECT_THAT(choice.reason, HasSubstr("computing on the CPU"));
}

TEST_F(NoDriver, CudaIsANamedError) {
  try {
    (void)choose_device("cuda", found_, rank_);
    FAIL() << "nothing was refused";
  } catch (const Error& error) {
    EXPECT_EQ(error.key(), "device.none");
    EXPECT_EQ(error.exit_code(), 69);
    EXPECT_THAT(error.message(), HasSubstr("driver"));
    EXPECT_THAT(error.hint(), HasSubstr("device: cpu"));
  }
}

TEST_F(NoDriver, NcclGivesItsVersionAndItsStartIsAnErrorNotACrash) {
  EXPECT_THAT(dist::nccl_version(), ::testing::MatchesRegex("2\\.[0-9]+\\.[0-9]+"));
  const auto alone = dist::make_single_group();
  const auto dog = std::make_shared<dist::Watchdog>("rank 0 (node02, pid 1)", 20, [](const Error&) {});
  try {
    (void)dist::make_nccl_world_group(
        {.control = *alone, .watchdog = dog, .on_failure = [](const Error&) {}});
    FAIL() << "NCCL started without a driver";
  } catch (const Error& error) {
    EXPECT_EQ(error.key(), "peer.lost");
    EXPECT_THAT(error.message(), HasSubstr("nccl start #"));
  }
}

}  // namespace
}  // namespace lethe::run
