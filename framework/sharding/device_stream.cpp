#include "framework/sharding/device_stream.h"

#include <c10/core/Event.h>
#include <c10/core/StreamGuard.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <deque>
#include <utility>

#include "framework/base/error.h"
#include "framework/dist/event_state.h"
#include "framework/dist/guarded_work.h"
#include "framework/dist/queue_scope.h"

namespace lethe::sharding {
namespace {

c10::Stream current_stream(at::Device device) {
  return c10::impl::VirtualGuardImpl(device.type()).getStream(device);
}

CUstream_st* queue_of(const c10::Stream& stream) {
  auto* const handle = static_cast<CUstream_st*>(stream.native_handle());
  LETHE_CHECK(handle != nullptr, "work on CUDA's default stream: this thread did not call compute_on()");
  return handle;
}

class DeviceState final : public dist::Event::State {
 public:
  DeviceState(const c10::Stream& stream, const dist::WorkFailure& failure)
      : event_(stream.device_type()), failure_(failure) {
    event_.record(stream);
  }
  void wait() override {
    event_.synchronize();
    failure_.rethrow();
  }
  bool reached() override { return event_.query(); }
  void block(const c10::Stream& stream) {
    failure_.rethrow();
    event_.block(stream);
  }

 private:
  c10::Event event_;
  dist::WorkFailure failure_;
};

// Lets `stream` wait; the host too where the event is of a host's stream.
void block(const c10::Stream& stream, const dist::Event& event) {
  if (auto* const state = dynamic_cast<DeviceState*>(event.state().get()))
    state->block(stream);
  else
    event.wait();
}

// Between two points of a stream that queues arithmetic: how long it waited for another one.
struct DeviceWait {
  base::Wait which;
  c10::Event before, after;

  double seconds() const { return before.elapsedTime(after) / 1e3; }
};

class DeviceWaits {  // of one thread
 public:
  void add(DeviceWait wait) {
    waits_.push_back(std::move(wait));
    while (!waits_.empty() && waits_.front().after.query()) fold();
  }
  base::WaitSeconds take() {
    if (!waits_.empty()) waits_.back().after.synchronize();
    while (!waits_.empty()) fold();
    return std::exchange(seconds_, {});
  }

 private:
  void fold() {
    seconds_[static_cast<std::size_t>(waits_.front().which)] += waits_.front().seconds();
    waits_.pop_front();
  }
  std::deque<DeviceWait> waits_;
  base::WaitSeconds seconds_{};
};
thread_local DeviceWaits device_waits;

c10::Event timed_point(const c10::Stream& stream) {
  c10::Event point(stream.device_type(), c10::EventFlag::BACKEND_DEFAULT);  // PyTorch's own has no clock
  point.record(stream);
  return point;
}

class DeviceStream final : public dist::Stream {
 public:
  explicit DeviceStream(const c10::Stream& stream) : stream_(stream) {}
  ~DeviceStream() override {  // buffers of the work may go after this
    try {
      stream_.synchronize();
    } catch (...) {  // a device that failed once fails every call after it
    }
  }

  void enqueue(std::function<void()> work) override {
    work_.run([&] {
      const c10::StreamGuard operations(stream_);
      const dist::QueueScope collectives(queue_of(stream_));
      work();
    });
  }
  dist::Event record() override {
    return dist::Event(std::make_shared<DeviceState>(stream_, work_.failure()));
  }
  void wait(const dist::Event& event) override {
    work_.run([&] { block(stream_, event); });
  }

 private:
  c10::Stream stream_;
  dist::GuardedWork work_;
};

}  // namespace

std::unique_ptr<dist::Stream> make_side_stream(at::Device device, bool overlap) {
  if (device.is_cpu()) return overlap ? dist::make_worker_stream() : dist::make_inline_stream();
  const c10::impl::VirtualGuardImpl backend(device.type());
  return std::make_unique<DeviceStream>(overlap ? backend.getNewStream(device) : backend.getStream(device));
}

void ComputeQueue::wait(const dist::Event& event) const {
  if (device_.is_cpu())
    event.wait();
  else
    block(current_stream(device_), event);
}

void ComputeQueue::wait_for_ranks(const dist::Event& event, base::Wait which) const {
  if (device_.is_cpu()) return event.wait();  // this thread stands there, under a base::WaitScope
  const c10::Stream stream = current_stream(device_);
  c10::Event before = timed_point(stream);
  block(stream, event);
  device_waits.add({which, std::move(before), timed_point(stream)});
}

base::WaitSeconds take_waits() {
  base::WaitSeconds waits = base::take_waits();
  const base::WaitSeconds of_device = device_waits.take();
  for (std::size_t i = 0; i < waits.size(); ++i) waits[i] += of_device[i];
  return waits;
}

void ComputeQueue::hold_back(dist::Stream& stream) const {
  if (device_.is_cpu()) return;  // done already
  stream.wait(dist::Event(std::make_shared<DeviceState>(current_stream(device_), dist::WorkFailure())));
}

void in_compute_order(at::Device device, const std::function<void()>& work) {
  if (device.is_cpu()) return work();
  const dist::QueueScope collectives(queue_of(current_stream(device)));
  work();
}

void compute_on(at::Device device) {
  if (device.is_cpu()) return;
  const c10::impl::VirtualGuardImpl backend(device.type());
  backend.setDevice(device);
  backend.exchangeStream(backend.getNewStream(device));
}

}  // namespace lethe::sharding
