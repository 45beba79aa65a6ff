#include "framework/sharding/counting_allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <cstddef>
#include <mutex>
#include <new>

#include "framework/base/memory_counter.h"

namespace lethe::sharding {
namespace {

// Lies before the bytes that it counts. LibTorch's products in bf16 take raw memory, which has no room for a
// context beside the pointer: so there is one before all memory, counted or not.
struct Counted {
  c10::DataPtr bytes;
  base::MemoryCountersPtr counters;  // null: not counted
  base::Memory category;
  std::int64_t size;
  ~Counted() {
    if (counters) counters->add(category, -size);
  }
};
// Memory stays aligned as the allocator underneath aligns it.
constexpr std::size_t kBefore = 2 * c10::gAlignment;
static_assert(sizeof(Counted) <= kBefore);

void release(void* data) {
  if (data == nullptr) return;
  auto* const counted = reinterpret_cast<Counted*>(static_cast<std::byte*>(data) - kBefore);
  const c10::DataPtr bytes = std::move(counted->bytes);  // in which `counted` lies
  counted->~Counted();
}

class CountingAllocator final : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator& underneath) : underneath_(underneath) {}

  c10::DataPtr allocate(std::size_t size) override {
    if (size == 0) return underneath_.allocate(0);
    c10::DataPtr bytes = underneath_.allocate(size + kBefore);
    const base::MemoryCountersPtr& counters = base::MemoryScope::counters();
    const base::Memory category = counters ? base::MemoryScope::category() : base::Memory::other;
    const auto count = static_cast<std::int64_t>(size);
    if (counters) counters->add(category, count);
    void* const before = bytes.get();
    void* const data = static_cast<std::byte*>(before) + kBefore;
    const c10::Device device = bytes.device();
    new (before) Counted{std::move(bytes), counters, category, count};
    return {data, data, release, device};
  }
  c10::DeleterFnPtr raw_deleter() const override { return release; }
  void copy_data(void* to, const void* from, std::size_t size) const override {
    default_copy_data(to, from, size);
  }

 private:
  c10::Allocator& underneath_;
};

}  // namespace

void count_allocations() {
  static std::once_flag once;
  std::call_once(once, [] {
    static CountingAllocator counting(*c10::GetCPUAllocator());
    c10::SetCPUAllocator(&counting, /*priority=*/200);
  });
}

}  // namespace lethe::sharding
