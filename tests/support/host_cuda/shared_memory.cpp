#include "tests/support/host_cuda/shared_memory.h"

#include <cstdlib>

#include "tests/support/host_cuda/sanitizers.h"

namespace lethe::host_cuda {
namespace {

// Behind shared memory, so that an overflow is found without the address checker, which wants the exact size.
#ifdef LETHE_HOST_CUDA_ASAN
constexpr std::size_t kGuardBytes = 0;
#else
constexpr std::size_t kGuardBytes = 64;
#endif

}  // namespace

std::string SharedMemory::release() {
  const Unwatched scope;
  std::string overflow;
  for (const Array& array : arrays_) {
    const auto& [function, line, bytes] = array.place;
    const auto* guard = static_cast<const unsigned char*>(array.data) + bytes;
    for (std::size_t i = 0; i < kGuardBytes; ++i)
      if (guard[i] != 0xff && overflow.empty())
        overflow = "written past the end of shared memory in " + function + ", line " + std::to_string(line);
    std::free(array.data);
  }
  arrays_.clear();
  return overflow;
}

void* SharedMemory::get(std::size_t bytes, const char* function, int line) {
  const Unwatched scope;
  for (const Array& array : arrays_) {
    const auto& [known_function, known_line, known_bytes] = array.place;
    if (known_line == line && known_bytes == bytes && known_function == function) return array.data;
  }
  auto* data = static_cast<volatile unsigned char*>(std::malloc(bytes + kGuardBytes));
  for (std::size_t i = 0; i < bytes + kGuardBytes; ++i)
    data[i] = 0xff;  // volatile: a memset would be watched
  arrays_.push_back({{function, line, bytes}, const_cast<unsigned char*>(data)});
  return arrays_.back().data;
}

}  // namespace lethe::host_cuda
