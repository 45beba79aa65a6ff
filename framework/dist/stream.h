// Work in order. A stream runs what is enqueued on it, one after the other; events order streams among each
// other. The CPU has two kinds: `inline` (runs at once, on the caller's thread) and `worker` (a thread of its
// own, so gathers overlap compute and the order of waits is real). CUDA's kind (cuda_stream.h) queues on the
// GPU.
#pragma once

#include <functional>
#include <memory>

namespace lethe::dist {

// A point in a stream's order. Default-constructed: already reached.
class Event {
 public:
  Event() = default;
  class State;
  explicit Event(std::shared_ptr<State> state) : state_(std::move(state)) {}
  // Blocks the calling thread until the point is reached; rethrows the first exception of the stream's work
  // before it.
  void wait() const;
  bool reached() const;

  const std::shared_ptr<State>& state() const noexcept { return state_; }

 private:
  std::shared_ptr<State> state_;
};

class Stream {
 public:
  virtual ~Stream() = default;
  virtual void enqueue(std::function<void()> work) = 0;
  // The event is reached when all that was enqueued before is done.
  virtual Event record() = 0;
  // What is enqueued after this starts only when `event` is reached (which may be of another stream).
  virtual void wait(const Event& event) = 0;
  // Blocks until everything enqueued is done; rethrows the first exception of the work.
  void synchronize() { record().wait(); }
  // The same, whatever came of it: for destructors, which often run because of that very exception.
  void drain() noexcept;
};

[[nodiscard]] std::unique_ptr<Stream> make_inline_stream();
[[nodiscard]] std::unique_ptr<Stream> make_worker_stream();

}  // namespace lethe::dist
