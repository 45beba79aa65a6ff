// Ranks that see different things, timeouts, devices, threads and disks: what is refused, and what is said.
#include "framework/run/agreement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/dist/simulated_group.h"
#include "framework/run/device.h"
#include "framework/run/doctor.h"
#include "framework/run/machine.h"
#include "framework/run/timeouts.h"

namespace lethe::run {
namespace {

using ::testing::HasSubstr;

template <class Act>
std::string refusal(Act act) {
  try {
    act();
  } catch (const Error& e) {
    return e.key() + ": " + e.message();
  }
  return "nothing was refused";
}

std::string refusal_on_ranks(int different) {
  return refusal([&] {
    dist::run_simulated(3, [&](dist::ProcessGroup& world) {
      const std::string hash(32, world.rank() == different ? 'b' : 'a');
      require_same_on_ranks(world, hash, "dist.config", "configuration", "");
    });
  });
}

TEST(Agreement, NamesTheRankThatDiffers) {
  EXPECT_EQ(refusal_on_ranks(2),
            "dist.config: rank 2 sees another configuration (hash bbbbbbbb… ≠ aaaaaaaa… of rank 0)");
  EXPECT_THAT(refusal_on_ranks(0),
              HasSubstr("rank 1 sees another configuration (hash aaaaaaaa… ≠ bbbbbbbb… of"));
  EXPECT_EQ(refusal_on_ranks(-1), "nothing was refused");
}

std::string timeouts_refusal(const std::string& yaml) {
  return refusal([&] { (void)read_timeouts(config::parse(yaml, "conf.yaml").section("timeouts", "")); });
}

TEST(Timeouts, MustGrowFromStepToInit) {
  EXPECT_EQ(timeouts_refusal("timeouts: {}\n"), "nothing was refused");
  EXPECT_THAT(timeouts_refusal("timeouts: {step_seconds: 1000}\n"),
              HasSubstr("config.timeouts: conf.yaml:1:11: timeouts: step < checkpoint < init is required, "
                        "got 1000, 900 and 1800"));
}

std::string device_refusal(const std::string& word, const DeviceCounts& found, int local_ranks) {
  dist::RankInfo rank;
  rank.host = "node02";
  rank.local_size = local_ranks;
  return refusal([&] { (void)choose_device(word, found, rank); });
}

TEST(Device, ThatIsNotThereIsRefused) {
  EXPECT_THAT(device_refusal("cuda", {}, 1), HasSubstr("device.none: "));
  EXPECT_EQ(device_refusal("cuda", {.built = true, .gpus = 0}, 1),
            "device.none: no GPU that the driver can use on node02; run on CPU with device: cpu");
  EXPECT_EQ(device_refusal("cuda", {.built = true, .gpus = 2}, 4), "device.count: 4 ranks, 2 GPUs on node02");
  EXPECT_EQ(device_refusal("cuda", {.built = true, .gpus = 4}, 4), "nothing was refused");
  EXPECT_EQ(device_refusal("auto", {}, 4), "nothing was refused");
}

TEST(Sizes, AreReadWithTheirUnit) {
  EXPECT_EQ(parse_size("16GiB"), std::uint64_t{16} << 30);
  EXPECT_EQ(parse_size("1.5 M"), std::uint64_t{3} << 19);
  EXPECT_EQ(parse_size("4096"), 4096u);
  for (const char* wrong : {"", "GiB", "-1G", "0", "1e9", "16 GB!", "nan", "1e99T", "99999999999T"})
    EXPECT_EQ(parse_size(wrong), std::nullopt) << wrong;
}

TEST(Doctor, SeesMoreThreadsThanCores) {
  EXPECT_EQ(judge_threads(1, 2, 2).health, Health::good);
  const Finding finding = judge_threads(8, 2, 8);
  EXPECT_EQ(finding.health, Health::doubtful);
  EXPECT_THAT(finding.mend, HasSubstr("OMP_NUM_THREADS=4"));
}

TEST(Doctor, TriesTheDiskAndLeavesNothing) {
  const auto folder = std::filesystem::path(::testing::TempDir()) / "lethe_doctor_folder";
  EXPECT_NE(judge_disk(folder).health, Health::bad);
  EXPECT_FALSE(std::filesystem::exists(folder));
  const Finding finding = judge_disk("/proc/lethe");
  EXPECT_EQ(finding.health, Health::bad);
  EXPECT_THAT(finding.what, HasSubstr("cannot write /proc/lethe"));
}

}  // namespace
}  // namespace lethe::run
