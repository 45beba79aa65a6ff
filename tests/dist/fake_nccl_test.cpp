// The stand-in itself: what NCCL leaves to crash later ends the program.
#include <gtest/gtest.h>
#include <nccl.h>

#include <chrono>
#include <thread>

#include "tests/support/fake_cuda/fake_cuda.h"

namespace lethe::fake_cuda {
namespace {

ncclComm_t start_alone() {
  ncclUniqueId id{};
  EXPECT_EQ(ncclGetUniqueId(&id), ncclSuccess);
  ncclComm_t comm = nullptr;
  EXPECT_EQ(ncclCommInitRankConfig(&comm, 1, id, 0, nullptr), ncclInProgress);
  for (ncclResult_t state = ncclInProgress; state == ncclInProgress; std::this_thread::yield())
    ncclCommGetAsyncError(comm, &state);
  return comm;
}

struct Registered {
  ncclComm_t comm = start_alone();
  void *data = nullptr, *handle = nullptr;
  Registered() {
    EXPECT_EQ(ncclMemAlloc(&data, 100), ncclSuccess);
    EXPECT_EQ(ncclCommRegister(comm, data, 100, &handle), ncclSuccess);
  }
};

TEST(FakeNccl, CountsMemoryAndRegistrations) {
  const Registered one;
  EXPECT_TRUE(is_registered(one.comm, static_cast<std::byte*>(one.data) + 99));
  EXPECT_FALSE(is_registered(one.comm, static_cast<std::byte*>(one.data) + 100));
  EXPECT_FALSE(is_registered(nullptr, one.data));
  EXPECT_EQ(memory_counts().registered, 1);
  EXPECT_EQ(ncclCommDeregister(one.comm, one.handle), ncclSuccess);
  EXPECT_EQ(ncclMemFree(one.data), ncclSuccess);
  EXPECT_EQ(ncclCommDestroy(one.comm), ncclSuccess);
  EXPECT_EQ(memory_counts().blocks + memory_counts().registered, 0);
}

TEST(FakeNcclDeathTest, EndsAtWhatNcclForbids) {
  const auto after = [](auto misuse) {
    const Registered one;
    misuse(one);
  };
  EXPECT_DEATH(after([](const Registered& one) { ncclMemFree(one.data); }), "freed that is registered");
  EXPECT_DEATH(after([](const Registered& one) { ncclCommDestroy(one.comm); }),
               "with which memory is registered");
  EXPECT_DEATH(after([](const Registered& one) {
                 ncclCommDeregister(one.comm, one.handle);
                 ncclCommDeregister(one.comm, one.handle);
               }),
               "deregistered twice");
  EXPECT_DEATH(after([](const Registered& one) {
                 void* again = nullptr;
                 ncclCommRegister(one.comm, one.data, 100, &again);
               }),
               "registered twice");
  EXPECT_DEATH(after([](const Registered& one) {
                 int own = 0;
                 void* handle = nullptr;
                 ncclCommRegister(one.comm, &own, sizeof own, &handle);
               }),
               "that it did not give");
}

}  // namespace
}  // namespace lethe::fake_cuda
