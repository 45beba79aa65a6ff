#include "framework/dist/device.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"

namespace lethe::dist::tests {
namespace {

using ::testing::HasSubstr;

constexpr const char* kOldDriver = "CUDA driver version is insufficient for CUDA runtime version";
const RankPlace kSecondOfFour{.local_rank = 1, .local_size = 4, .host = "node02"};

std::string error_of(std::string_view wanted, const DeviceProbe& probe) {
  try {
    (void)choose_device(wanted, kSecondOfFour, probe);
    return "none";
  } catch (const Error& error) {
    EXPECT_EQ(error.exit_code(), 69);
    return error.what();
  }
}

TEST(Device, AutoTakesTheCpuWithoutAUsableGpuAndSaysWhy) {
  const Device device = choose_device("auto", kSecondOfFour, {.built = true, .problem = kOldDriver});
  EXPECT_FALSE(device.cuda);
  EXPECT_THAT(device.reason, HasSubstr(kOldDriver));
  EXPECT_THAT(choose_device("auto", kSecondOfFour, {}).reason, HasSubstr("built without CUDA"));
}

TEST(Device, CudaWithoutAUsableGpuIsRefused) {
  EXPECT_THAT(error_of("cuda", {.built = true, .problem = kOldDriver}),
              HasSubstr("error[device.none]: no usable GPU (CUDA: CUDA driver version is insufficient"));
  EXPECT_THAT(error_of("cuda", {}), HasSubstr("run on CPU with device: cpu"));
}

TEST(Device, FewerGpusThanRanksAreRefusedForAutoToo) {
  for (const char* wanted : {"auto", "cuda"})
    EXPECT_THAT(error_of(wanted, {.built = true, .count = 2}),
                HasSubstr("error[device.count]: 4 ranks, 2 GPUs on node02"));
}

TEST(Device, ARankTakesTheGpuOfItsLocalRank) {
  const Device device = choose_device("auto", kSecondOfFour, {.built = true, .count = 4});
  EXPECT_TRUE(device.cuda);
  EXPECT_EQ(device.index, 1);
  EXPECT_FALSE(choose_device("cpu", kSecondOfFour, {.built = true, .count = 4}).cuda);
}

TEST(Device, ARankThatSeesOnlyItsOwnGpuTakesIt) {
  const Device device = choose_device("cuda", kSecondOfFour, {.built = true, .count = 1, .one_a_rank = true});
  EXPECT_TRUE(device.cuda);
  EXPECT_EQ(device.index, 0);
}

}  // namespace
}  // namespace lethe::dist::tests
