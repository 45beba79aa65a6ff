#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "framework/base/error.h"
#include "framework/dist/device.h"

namespace lethe::dist::tests {
namespace {

TEST(PinnedMemory, IsOfTheBytesThatAreAskedForAndNoMore) {
  ::setenv("LETHE_FAKE_PINNED_LIMIT", "4097", 1);
  EXPECT_NE(pinned_memory(4097), nullptr);
  try {
    (void)pinned_memory(4098);
    ADD_FAILURE() << "no room, and no error";
  } catch (const Error& error) {
    EXPECT_EQ(error.key(), "oom");
    EXPECT_THAT(error.what(), ::testing::HasSubstr("pinned host memory"));
  }
  ::unsetenv("LETHE_FAKE_PINNED_LIMIT");
}

}  // namespace
}  // namespace lethe::dist::tests
