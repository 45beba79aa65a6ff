// Memory that an nccl group gives: registered with its communicator, once, until nobody holds it.
#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <vector>

#include "framework/dist/group_memory.h"
#include "framework/dist/nccl_group.h"
#include "tests/support/fake_cuda/fake_cuda.h"
#include "tests/support/ranks.h"

namespace lethe::dist::tests {
namespace {

using fake_cuda::memory_counts;

std::unique_ptr<ProcessGroup> start_nccl() {
  return make_nccl_world_group({.control = lethe::testing::world().group(),
                                .watchdog = std::make_shared<Watchdog>("this rank", 100, [](const Error&) {}),
                                .on_failure = [](const Error& error) { ADD_FAILURE() << error.what(); }});
}

void expect_nothing_left() {
  EXPECT_EQ(memory_counts().blocks, 0);
  EXPECT_EQ(memory_counts().registered, 0);
  EXPECT_EQ(group_memory().now, 0u);
}

void gather_ranks(ProcessGroup& group, std::int64_t* all) {
  const auto rank = static_cast<std::size_t>(group.rank()), size = static_cast<std::size_t>(group.size());
  all[rank] = group.rank() + 7;
  group.all_gather({all + rank, 1, DType::i64}, {all, size, DType::i64});
  for (int r = 0; r < group.size(); ++r) EXPECT_EQ(all[r], r + 7);
}

class Setting {  // of the environment, for one start
 public:
  Setting(const char* name, const char* value) : name_(name) { ::setenv(name, value, 1); }
  ~Setting() { ::unsetenv(name_); }
  Setting(const Setting&) = delete;
  Setting& operator=(const Setting&) = delete;

 private:
  const char* name_;
};

TEST(NcclMemory, IsRegisteredWithTheGroupThatGaveIt) {
  fake_cuda::set_delays(1, 50);
  {
    const auto world = start_nccl();
    const auto part = world->split(0, world->rank());
    ASSERT_EQ(part->gives_memory(), world->size() > 1);
    if (!part->gives_memory()) {
      EXPECT_EQ(part->allocate(8), nullptr);
      return;
    }
    const int before = memory_counts().registrations;
    const auto memory = part->allocate(64 * sizeof(std::int64_t)), other = part->allocate(1000);
    EXPECT_EQ(memory_counts().registrations, before + 2);
    EXPECT_EQ(group_memory().now, 64 * sizeof(std::int64_t) + 1000);
    for (int round = 0; round < 3; ++round) gather_ranks(*part, static_cast<std::int64_t*>(memory.get()));
    EXPECT_EQ(memory_counts().registrations, before + 2);
  }
  expect_nothing_left();
  EXPECT_GE(group_memory().peak, 1000u);
}

TEST(NcclMemory, OutlivesItsGroup) {
  auto world = start_nccl();
  const auto memory = world->allocate(sizeof(std::int64_t));
  if (memory == nullptr) GTEST_SKIP() << "one rank";
  world.reset();
  EXPECT_EQ(memory_counts().registered, 1);
  *static_cast<std::int64_t*>(memory.get()) = 5;
}

TEST(NcclMemory, NoRankHasItWhereOneRefuses) {
  for (const char* what : {"memory", "registration"}) {
    std::unique_ptr<ProcessGroup> world;
    if (lethe::testing::world().group().rank() == 0) {
      const Setting refused("LETHE_FAKE_NCCL_REFUSES", what);
      world = start_nccl();
    } else {
      world = start_nccl();
    }
    EXPECT_FALSE(world->gives_memory());
    EXPECT_EQ(world->allocate(8), nullptr);
    std::vector<std::int64_t> own(static_cast<std::size_t>(world->size()));
    gather_ranks(*world, own.data());
    expect_nothing_left();
  }
}

TEST(NcclMemory, AnOlderNcclHasNone) {
  const Setting old("LETHE_FAKE_NCCL_VERSION", "21805");
  EXPECT_FALSE(start_nccl()->gives_memory());
}

TEST(NcclMemory, AFullDeviceGivesNothing) {
  const auto world = start_nccl();
  {
    const Setting full("LETHE_FAKE_NCCL_REFUSES", "memory");
    EXPECT_EQ(world->allocate(8), nullptr);
  }
  EXPECT_EQ(world->allocate(8) != nullptr, world->size() > 1);
  expect_nothing_left();
}

}  // namespace
}  // namespace lethe::dist::tests
