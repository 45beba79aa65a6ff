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

TEST(Agreement, RefusesAnotherBuildOnOneHost) {
  const auto with_builds = [](const std::string& last) {
    return refusal([&] {
      dist::run_simulated(3, [&](dist::ProcessGroup& world) {
        require_same_build(world, world.rank() == 2 ? last : build_text());
      });
    });
  };
  EXPECT_EQ(with_builds(build_text()), "nothing was refused");
  EXPECT_THAT(with_builds("lethe 0.0.9"),
              HasSubstr("dist.version: rank 2 sees another build of lethe (hash "));
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

dist::RankInfo ranks_on_node02(int local_ranks) { return {.local_size = local_ranks, .host = "node02"}; }

std::string device_refusal(const std::string& word, const dist::DeviceProbe& found, int local_ranks) {
  const dist::RankInfo rank = ranks_on_node02(local_ranks);
  return refusal([&] { (void)choose_device(word, found, rank); });
}

TEST(Device, ThatIsNotThereIsRefused) {
  EXPECT_THAT(device_refusal("cuda", {}, 1), HasSubstr("device.none: "));
  EXPECT_EQ(device_refusal("cuda", {.built = true, .problem = "no driver"}, 1),
            "device.none: no usable GPU (CUDA: no driver) on node02");
  EXPECT_EQ(device_refusal("cuda", {.built = true, .count = 2}, 4),
            "device.count: 4 ranks, 2 GPUs on node02");
  EXPECT_EQ(device_refusal("auto", {}, 4), "nothing was refused");
}

TEST(Device, AutoSaysWhyItTakesTheCpu) {
  const auto reason = [](const dist::DeviceProbe& found) {
    const DeviceChoice choice = choose_device("auto", found, ranks_on_node02(4));
    EXPECT_EQ(choice.word, "cpu");
    return choice.reason;
  };
  EXPECT_EQ(reason({}), "this lethe was built without CUDA: computing on the CPU");
  EXPECT_EQ(reason({.built = true, .problem = "no driver"}),
            "no usable GPU (CUDA: no driver): computing on the CPU");
  EXPECT_EQ(choose_device("cpu", {}, ranks_on_node02(1)).reason, "");
}

TEST(Device, IsTheGpuOfTheLocalRank) {
  const dist::DeviceProbe four{.built = true, .count = 4};
  const dist::RankInfo third{.rank = 6, .size = 8, .local_rank = 2, .local_size = 4, .host = "node02"};
  for (const char* word : {"auto", "cuda"}) {
    const DeviceChoice choice = choose_device(word, four, third);
    EXPECT_EQ(choice.word, "cuda");
    EXPECT_EQ(choice.index, 2);
    EXPECT_EQ(choice.reason, "");
  }
  EXPECT_EQ(choose_device("cpu", four, third).word, "cpu");
}

// What each of four ranks of two hosts sees, by rank.
bool dealt_out(const std::vector<std::vector<std::string>>& seen) {
  bool answer = false;
  dist::run_simulated(4, [&](dist::ProcessGroup& world) {
    const auto& own = seen[static_cast<std::size_t>(world.rank())];
    const dist::DeviceProbe found{.built = true, .count = static_cast<int>(own.size()), .pci_addresses = own};
    const bool mine = each_sees_its_own(world, world.rank() < 2 ? "node01" : "node02", found);
    if (world.rank() == 0) answer = mine;
  });
  return answer;
}

TEST(Device, GpusAreDealtOutIfEachRankSeesAnotherOne) {
  EXPECT_TRUE(dealt_out({{"0000:1B:00.0"}, {"0000:3B:00.0"}, {"0000:1B:00.0"}, {"0000:3B:00.0"}}));
  EXPECT_FALSE(dealt_out({{"0000:1B:00.0"}, {"0000:1B:00.0"}, {"0000:1B:00.0"}, {"0000:3B:00.0"}}));
  EXPECT_FALSE(dealt_out({{"0000:1B:00.0"}, {"0000:3B:00.0"}, {}, {"0000:3B:00.0"}}));
  EXPECT_FALSE(
      dealt_out({{"0000:1B:00.0", "0000:3B:00.0"}, {"0000:3B:00.0"}, {"0000:1B:00.0"}, {"0000:3B:00.0"}}));
}

TEST(Doctor, NamesEachGpuAndSeesMoreRanksThanGpus) {
  const dist::DeviceProbe two{.built = true, .count = 2, .pci_addresses = {"0000:00:00.9", "0000:00:01.9"}};
  EXPECT_EQ(judge_gpus(two, ranks_on_node02(2)).health, Health::good);
  EXPECT_THAT(judge_gpus(two, ranks_on_node02(2)).what, HasSubstr("0 0000:00:00.9; 1 0000:00:01.9"));
  EXPECT_EQ(judge_gpus(two, ranks_on_node02(3)).health, Health::doubtful);
  const dist::DeviceProbe own{
      .built = true, .count = 1, .pci_addresses = {"0000:00:00.9"}, .one_a_rank = true};
  EXPECT_EQ(judge_gpus(own, ranks_on_node02(8)).health, Health::good) << "the batch system deals them out";
  EXPECT_THAT(judge_gpus({.built = true, .problem = "no driver"}, ranks_on_node02(1)).what,
              HasSubstr("none usable (CUDA: no driver)"));
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
