#include "framework/dist/affinity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <unistd.h>

#include <fstream>
#include <thread>

namespace lethe::dist::tests {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
namespace fs = std::filesystem;

TEST(CpuList, IsReadAndWritten) {
  EXPECT_THAT(parse_cpu_list("0-3,8,10-11"), ElementsAre(0, 1, 2, 3, 8, 10, 11));
  EXPECT_EQ(cpu_list_text({0, 1, 2, 3, 8, 10, 11}), "0-3,8,10-11");
  for (const char* wrong : {"", "a", "3-1", "1,", "-2", "1 2", "0-99999999"})
    EXPECT_THAT(parse_cpu_list(wrong), IsEmpty()) << wrong;
}

// A /sys with one GPU on the second of two NUMA nodes.
class Affinity : public ::testing::Test {
 protected:
  void SetUp() override {
    sys_ = fs::path(::testing::TempDir()) / ("lethe_sys_" + std::to_string(getpid()));
    const fs::path gpu = sys_ / "bus/pci/devices/0000:9b:00.0";
    fs::create_directories(gpu);
    std::ofstream(gpu / "local_cpulist") << "24-47,72-95\n";
    std::ofstream(gpu / "numa_node") << "1\n";
  }
  void TearDown() override { fs::remove_all(sys_); }
  fs::path sys_;
};

TEST_F(Affinity, TheCoresNearAGpuAreThoseOfItsNumaNode) {
  const auto near = cpus_near("0000:9B:00.0", sys_);
  ASSERT_TRUE(near.has_value());
  EXPECT_EQ(near->numa_node, 1);
  EXPECT_EQ(cpu_list_text(near->cpus), "24-47,72-95");
  EXPECT_FALSE(cpus_near("0000:01:00.0", sys_).has_value());
}

TEST(Share, RanksWhoseGpusShareTheirCoresDivideThem) {
  const std::vector<int> cpus = {0, 1, 2, 3, 4, 5, 6};
  EXPECT_THAT(share_of(cpus, 0, 2), ElementsAre(0, 1, 2));
  EXPECT_THAT(share_of(cpus, 1, 2), ElementsAre(3, 4, 5, 6));
  EXPECT_THAT(share_of({4, 6}, 2, 3), ElementsAre(4));
  EXPECT_THAT(share_of({}, 0, 1), IsEmpty());
}

TEST(KeepThread, HoldsForTheThreadAndWhatItStarts) {
  std::thread([] {
    const int first = sched_getcpu();
    ASSERT_THAT(keep_thread_to({first}), ElementsAre(first));
    int inherited = -1;
    std::thread([&] { inherited = sched_getcpu(); }).join();
    EXPECT_EQ(inherited, first);
    EXPECT_THAT(keep_thread_to({first == 0 ? 1 : 0}), IsEmpty()) << "not a core that it may use";
    EXPECT_EQ(sched_getcpu(), first);
  }).join();
}

}  // namespace
}  // namespace lethe::dist::tests
