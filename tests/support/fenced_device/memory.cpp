#include "tests/support/fenced_device/memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cstring>
#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

namespace lethe::testing {
namespace {

constexpr std::size_t kBytes = std::size_t{8} << 30;  // of addresses; pages exist when they are written
constexpr std::size_t kSmallest = 256;

std::byte* map(int file, int protection) {
  void* const place = ::mmap(nullptr, kBytes, protection, MAP_SHARED | MAP_NORESERVE, file, 0);
  if (place == MAP_FAILED) throw std::runtime_error("no address space for the fenced device");
  return static_cast<std::byte*>(place);
}

// Blocks of a power of two bytes, each kept for the next of its size.
class Memory {
 public:
  Memory() {
    const int file = ::memfd_create("fenced-device", 0);
    if (file < 0 || ::ftruncate(file, kBytes) != 0)
      throw std::runtime_error("no memory for the fenced device");
    device_ = map(file, PROT_NONE);
    host_ = map(file, PROT_READ | PROT_WRITE);
    ::close(file);
  }
  std::byte* take(std::size_t bytes) {
    const std::size_t size = std::bit_ceil(std::max(bytes, kSmallest));
    const std::lock_guard lock(mutex_);
    std::vector<std::byte*>& free = free_[size];
    std::byte* block = device_ + used_;
    if (!free.empty()) {
      block = free.back();
      free.pop_back();
    } else if (used_ + size > kBytes) {
      throw std::runtime_error("the fenced device is full");
    } else {
      used_ += size;
    }
    std::memset(host(block), 0xFF, bytes);  // NaN in every float format
    size_of_[block] = size;
    return block;
  }
  void give_back(std::byte* block) {
    const std::lock_guard lock(mutex_);
    free_[size_of_.at(block)].push_back(block);
  }
  bool holds(const void* pointer) const noexcept { return pointer >= device_ && pointer < device_ + kBytes; }
  std::byte* host(const void* pointer) const {
    return host_ + (static_cast<const std::byte*>(pointer) - device_);
  }

 private:
  std::byte *device_ = nullptr, *host_ = nullptr;
  std::mutex mutex_;
  std::size_t used_ = 0;
  std::map<std::size_t, std::vector<std::byte*>> free_;
  std::map<std::byte*, std::size_t> size_of_;
};

Memory& memory() {
  static Memory* const only = new Memory;  // outlives every tensor
  return *only;
}

void release(void* block) { memory().give_back(static_cast<std::byte*>(block)); }

class FencedAllocator final : public c10::Allocator {
 public:
  c10::DataPtr allocate(std::size_t bytes) override {
    const c10::Device device(c10::DeviceType::PrivateUse1, 0);
    if (bytes == 0) return {nullptr, device};
    std::byte* const block = memory().take(bytes);
    return {block, block, release, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return release; }
  void copy_data(void* to, const void* from, std::size_t bytes) const override {
    std::memcpy(host_address(to), host_address(from), bytes);
  }
};

}  // namespace

c10::Allocator& fenced_allocator() {
  static FencedAllocator allocator;
  return allocator;
}

bool is_fenced(const void* pointer) noexcept { return memory().holds(pointer); }

void* host_address(const void* device_pointer) {
  if (device_pointer == nullptr) return nullptr;
  if (!is_fenced(device_pointer)) throw std::runtime_error("a host pointer was handed to the device");
  return memory().host(device_pointer);
}

}  // namespace lethe::testing
