// The device as LibTorch's runtime sees it: one of them, with streams that are always idle, since its
// operations are over when they return.
#include <ATen/detail/PrivateUse1HooksInterface.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>

#include <chrono>
#include <mutex>
#include <thread>

#include "framework/dist/group_memory.h"
#include "tests/support/fenced_device/fenced_device.h"
#include "tests/support/fenced_device/memory.h"

namespace lethe::testing {
namespace {

constexpr c10::DeviceType kType = c10::DeviceType::PrivateUse1;
thread_local c10::StreamId current_stream = 0;
std::atomic<c10::StreamId> newest_stream{0};
std::atomic<int> stream_wait{0};  // ms
using Clock = std::chrono::steady_clock;

class FencedGuard final : public c10::impl::DeviceGuardImplInterface {
 public:
  c10::DeviceType type() const override { return kType; }
  c10::Device exchangeDevice(c10::Device) const override { return getDevice(); }
  c10::Device getDevice() const override { return {kType, 0}; }
  void setDevice(c10::Device) const override {}
  void uncheckedSetDevice(c10::Device) const noexcept override {}
  c10::Stream getStream(c10::Device) const override { return stream(current_stream); }
  c10::Stream getDefaultStream(c10::Device) const override { return stream(0); }
  c10::Stream getNewStream(c10::Device, int) const override { return stream(++newest_stream); }
  c10::Stream exchangeStream(c10::Stream next) const override {
    return stream(std::exchange(current_stream, next.id()));
  }
  // Null on the default stream, as CUDA's.
  void* getStreamNativeHandle(const c10::Stream stream) const override {
    return reinterpret_cast<void*>(static_cast<std::uintptr_t>(stream.id()));
  }
  c10::DeviceIndex deviceCount() const noexcept override { return 1; }
  bool queryStream(const c10::Stream&) const override { return true; }
  void synchronizeStream(const c10::Stream&) const override {}
  void synchronizeDevice(const c10::DeviceIndex) const override {}
  // Reached at once, and it knows when.
  void record(void** event, const c10::Stream&, const c10::DeviceIndex, const c10::EventFlag) const override {
    if (*event == nullptr) *event = new Clock::time_point;
    *static_cast<Clock::time_point*>(*event) = Clock::now();
  }
  void block(void*, const c10::Stream&) const override {
    std::this_thread::sleep_for(std::chrono::milliseconds(stream_wait));
  }
  double elapsedTime(void* from, void* to, const c10::DeviceIndex) const override {
    const auto time = *static_cast<Clock::time_point*>(to) - *static_cast<Clock::time_point*>(from);
    return std::chrono::duration<double, std::milli>(time).count();
  }
  bool queryEvent(void*) const override { return true; }
  void synchronizeEvent(void*) const override {}
  void destroyEvent(void* event, const c10::DeviceIndex) const noexcept override {
    delete static_cast<Clock::time_point*>(event);
  }
  void recordDataPtrOnStream(const c10::DataPtr&, const c10::Stream&) const override {}

 private:
  static c10::Stream stream(c10::StreamId id) {
    return c10::Stream(c10::Stream::UNSAFE, c10::Device(kType, 0), id);
  }
};

struct FencedHooks final : at::PrivateUse1HooksInterface {
  bool isBuilt() const override { return true; }
  bool isAvailable() const override { return true; }
  bool hasPrimaryContext(c10::DeviceIndex) const override { return true; }
  c10::DeviceIndex deviceCount() const override { return 1; }
  c10::DeviceIndex getCurrentDevice() const override { return 0; }
};

C10_REGISTER_GUARD_IMPL(PrivateUse1, FencedGuard);

class FencedGroup final : public dist::ProcessGroup {
 public:
  explicit FencedGroup(dist::ProcessGroup& under) : under_(under) {}
  explicit FencedGroup(std::unique_ptr<dist::ProcessGroup> owned)
      : owned_(std::move(owned)), under_(*owned_) {}
  std::string_view backend() const noexcept override { return "fenced"; }
  int rank() const noexcept override { return under_.rank(); }
  int size() const noexcept override { return under_.size(); }
  void all_gather(dist::ConstSpan in, dist::Span out) override { under_.all_gather(there(in), there(out)); }
  void reduce_scatter(dist::ConstSpan in, dist::Span out) override {
    under_.reduce_scatter(there(in), there(out));
  }
  void all_to_all(dist::ConstSpan in, dist::Span out) override { under_.all_to_all(there(in), there(out)); }
  void all_reduce(dist::Span values, dist::Reduce op) override { under_.all_reduce(there(values), op); }
  void broadcast(dist::Span values, int root) override { under_.broadcast(there(values), root); }
  void barrier() override { under_.barrier(); }
  std::unique_ptr<dist::ProcessGroup> split(int color, int key) override {
    return std::make_unique<FencedGroup>(under_.split(color, key));
  }
  bool gives_memory() const noexcept override { return size() > 1; }
  std::shared_ptr<void> allocate(std::size_t bytes) override {
    const auto count = static_cast<std::int64_t>(bytes);
    dist::count_group_memory(count);
    return {fenced_allocator().raw_allocate(bytes), [count](void* memory) {
              fenced_allocator().raw_deallocate(memory);
              dist::count_group_memory(-count);
            }};
  }

 private:
  static dist::Span there(dist::Span s) { return {host_address(s.data), s.count, s.dtype}; }
  static dist::ConstSpan there(dist::ConstSpan s) { return {host_address(s.data), s.count, s.dtype}; }
  std::unique_ptr<dist::ProcessGroup> owned_;
  dist::ProcessGroup& under_;
};

}  // namespace

at::Device fenced_device() {
  static std::once_flag once;
  std::call_once(once, [] {
    c10::register_privateuse1_backend("fenced");
    c10::SetAllocator(kType, &fenced_allocator());
    static FencedHooks hooks;
    at::RegisterPrivateUse1HooksInterface(&hooks);
  });
  return {kType, 0};
}

void set_stream_wait(int milliseconds) { stream_wait = milliseconds; }

void* behind_the_fence(const void* device_pointer) { return host_address(device_pointer); }

std::unique_ptr<dist::ProcessGroup> make_fenced_group(dist::ProcessGroup& under) {
  return std::make_unique<FencedGroup>(under);
}

}  // namespace lethe::testing
