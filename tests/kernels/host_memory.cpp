#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "tests/kernels/array.h"
#include "tests/support/host_cuda/executor.h"

namespace lethe::kernels::tests {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::size_t kGuard = 0;
#else
constexpr std::size_t kGuard = 64;
#endif

}  // namespace

void* allocate(std::size_t bytes) {
  void* data = std::malloc(bytes + kGuard);
  std::memset(data, 0xff, bytes + kGuard);
  return data;
}

void deallocate(void* data, std::size_t bytes) {
  for (std::size_t i = bytes; i < bytes + kGuard; ++i)
    EXPECT_EQ(static_cast<unsigned char*>(data)[i], 0xff) << "written past the end of " << bytes << " bytes";
  std::free(data);
}

void finish_device() {}
bool has_device() { return true; }
bool is_slow() {
#ifdef __SANITIZE_THREAD__
  return true;
#else
  return false;
#endif
}
void set_order(std::uint64_t seed) { host_cuda::set_seed(seed); }

}  // namespace lethe::kernels::tests
