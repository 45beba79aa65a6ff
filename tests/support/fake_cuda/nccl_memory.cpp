// NCCL's own memory and its registrations. What NCCL leaves to crash later ends the program here, with a
// message. Faults, by environment variable:
//   LETHE_FAKE_NCCL_REFUSES=memory           ncclMemAlloc fails
//   LETHE_FAKE_NCCL_REFUSES=registration     ncclCommRegister fails
#include <nccl.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <string_view>

#include "tests/support/fake_cuda/fake_cuda.h"

namespace {

struct Registration {
  ncclComm_t comm;
  std::byte* first;
  std::size_t bytes;
};

std::mutex mutex;
std::map<std::byte*, std::size_t> blocks;  // bytes, by where they begin
std::map<const Registration*, Registration> registered;
int registrations = 0, unregistered_uses = 0;

[[noreturn]] void end(const char* what) {
  std::fprintf(stderr, "NCCL's stand-in: %s\n", what);
  std::abort();
}

bool refuses(std::string_view what) {
  const char* const refused = std::getenv("LETHE_FAKE_NCCL_REFUSES");
  return refused != nullptr && refused == what;
}

bool lies_in_a_block(const std::byte* first, std::size_t bytes) {
  for (const auto& [block, size] : blocks)
    if (first >= block && first + bytes <= block + size) return true;
  return false;
}

}  // namespace

namespace lethe::fake_cuda {

MemoryCounts memory_counts() {
  const std::lock_guard lock(mutex);
  return {.blocks = static_cast<int>(blocks.size()),
          .registered = static_cast<int>(registered.size()),
          .registrations = registrations,
          .unregistered_uses = unregistered_uses};
}

bool is_registered(ncclComm* comm, const void* data) {
  const std::lock_guard lock(mutex);
  for (const auto& [handle, one] : registered)
    if (one.comm == comm && data >= one.first && data < one.first + one.bytes) return true;
  ++unregistered_uses;
  return false;
}

void forget_communicator(ncclComm* comm) {
  const std::lock_guard lock(mutex);
  for (const auto& [handle, one] : registered)
    if (one.comm == comm) end("a communicator is destroyed with which memory is registered");
}

}  // namespace lethe::fake_cuda

extern "C" {

ncclResult_t ncclMemAlloc(void** data, size_t bytes) {
  if (refuses("memory")) return ncclUnhandledCudaError;
  *data = std::malloc(bytes);
  std::memset(*data, 0xff, bytes);
  const std::lock_guard lock(mutex);
  blocks[static_cast<std::byte*>(*data)] = bytes;
  return ncclSuccess;
}
ncclResult_t ncclMemFree(void* data) {
  const std::lock_guard lock(mutex);
  const auto block = blocks.find(static_cast<std::byte*>(data));
  if (block == blocks.end()) end("memory is freed that it did not give, or twice");
  for (const auto& [handle, one] : registered)
    if (one.first >= block->first && one.first < block->first + block->second)
      end("memory is freed that is registered");
  std::free(data);
  blocks.erase(block);
  return ncclSuccess;
}
ncclResult_t ncclCommRegister(const ncclComm_t comm, void* data, size_t bytes, void** handle) {
  if (refuses("registration")) return ncclInvalidUsage;
  auto* const first = static_cast<std::byte*>(data);
  const std::lock_guard lock(mutex);
  if (!lies_in_a_block(first, bytes)) end("memory is registered that it did not give");
  for (const auto& [other, one] : registered)
    if (one.comm == comm && one.first == first) end("memory is registered twice with one communicator");
  auto* const made = new Registration{comm, first, bytes};
  registered[made] = *made;
  ++registrations;
  *handle = made;
  return ncclSuccess;
}
ncclResult_t ncclCommDeregister(const ncclComm_t comm, void* handle) {
  const std::lock_guard lock(mutex);
  const auto found = registered.find(static_cast<const Registration*>(handle));
  if (found == registered.end()) end("memory is deregistered twice");
  if (found->second.comm != comm) end("memory is deregistered from another communicator");
  delete found->first;
  registered.erase(found);
  return ncclSuccess;
}

}  // extern "C"
