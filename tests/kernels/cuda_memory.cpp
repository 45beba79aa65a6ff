#include <cuda_runtime.h>
#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

#include "tests/kernels/array.h"

namespace lethe::kernels::tests {
namespace {

void check(cudaError_t code) {
  if (code != cudaSuccess) throw std::runtime_error(cudaGetErrorString(code));
}

}  // namespace

void* allocate(std::size_t bytes) {
  void* data = nullptr;
  check(cudaMallocManaged(&data, bytes + 64));
  std::memset(data, 0xff, bytes + 64);
  return data;
}

void deallocate(void* data, std::size_t bytes) {
  cudaDeviceSynchronize();
  for (std::size_t i = bytes; i < bytes + 64; ++i)
    EXPECT_EQ(static_cast<unsigned char*>(data)[i], 0xff) << "written past the end of " << bytes << " bytes";
  cudaFree(data);
}

void finish_device() { check(cudaDeviceSynchronize()); }
bool has_device() {
  int count = 0;
  return cudaGetDeviceCount(&count) == cudaSuccess && count > 0;
}
bool is_slow() { return false; }
void set_order(std::uint64_t) {}

}  // namespace lethe::kernels::tests
