#include "framework/sharding/counting_allocator.h"

#include <c10/core/Allocator.h>
#include <c10/core/CPUAllocator.h>

#include <mutex>

#include "framework/base/memory_counter.h"

namespace lethe::sharding {
namespace {

struct Counted {
  c10::DataPtr bytes;
  base::MemoryCountersPtr counters;
  base::Memory category;
  std::int64_t size;
  ~Counted() { counters->add(category, -size); }
};

void release(void* counted) { delete static_cast<Counted*>(counted); }

class CountingAllocator final : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator& underneath) : underneath_(underneath) {}

  c10::DataPtr allocate(std::size_t size) override {
    c10::DataPtr bytes = underneath_.allocate(size);
    const base::MemoryCountersPtr& counters = base::MemoryScope::counters();
    if (!counters || size == 0) return bytes;
    const auto count = static_cast<std::int64_t>(size);
    const base::Memory category = base::MemoryScope::category();
    counters->add(category, count);
    void* const data = bytes.get();
    const c10::Device device = bytes.device();
    return {data, new Counted{std::move(bytes), counters, category, count}, release, device};
  }
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
