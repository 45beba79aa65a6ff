#include "tests/support/forgetful_stream.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <random>
#include <thread>
#include <utility>

#include "framework/dist/event_state.h"
#include "framework/dist/watchdog.h"

namespace lethe::testing {
namespace {

thread_local Forget forgotten = Forget::nothing;
thread_local std::uint64_t seed = 1;
thread_local int streams_made = 0;

}  // namespace

void start_forgetting(Forget what, std::uint64_t delay_seed) {
  forgotten = what;
  seed = delay_seed;
  streams_made = 0;
}
void stop_forgetting() { forgotten = Forget::nothing; }

namespace {

class State final : public dist::Event::State {
 public:
  State(int stream, std::shared_ptr<std::uint64_t> latest)
      : stream_(stream), number_(++*latest), latest_(std::move(latest)) {}
  void reach(std::exception_ptr failure) {
    {
      const std::lock_guard lock(mutex_);
      failure_ = std::move(failure);
      reached_ = true;
    }
    changed_.notify_all();
  }
  void wait() override {
    if (is_forgotten()) return;
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reached_; });
    if (failure_) std::rethrow_exception(failure_);
  }
  // A forgotten wait is not asked about either.
  bool reached() override {
    if (is_forgotten()) return true;
    const std::lock_guard lock(mutex_);
    return reached_;
  }

 private:
  bool is_forgotten() const {
    if (forgotten == Forget::first_stream) return stream_ == 0;
    const bool latest = number_ == *latest_;
    return stream_ == 1 &&
           forgotten == (latest ? Forget::second_stream_latest : Forget::second_stream_earlier);
  }
  const int stream_;
  const std::uint64_t number_;
  std::shared_ptr<std::uint64_t>
      latest_;  // number of the stream's last event; touched by its owner's thread only
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  std::exception_ptr failure_;
};

// Before each piece of work. The stream whose waits are left out must be behind those that do not wait for
// it, also on a machine that is busy with something else.
std::chrono::milliseconds lag_of(int stream) {
  const bool raced =
      stream == 0 ? forgotten == Forget::first_stream
                  : forgotten == Forget::second_stream_earlier || forgotten == Forget::second_stream_latest;
  return std::chrono::milliseconds(raced ? 16 : 4);
}

class SlowWorker final : public dist::Stream {
 public:
  SlowWorker()
      : number_(streams_made++),
        lag_(lag_of(number_)),
        thread_([this, s = seed + 77 * number_] { serve(s); }) {}
  ~SlowWorker() override {
    push({});
    thread_.join();
  }
  void enqueue(std::function<void()> work) override {
    push([this, work = std::move(work)] {
      if (failure_) return;
      try {
        work();
      } catch (...) {
        failure_ = std::current_exception();
      }
    });
  }
  dist::Event record() override {
    auto state = std::make_shared<State>(number_, latest_);
    push([this, state] { state->reach(failure_); });
    return dist::Event(state);
  }
  void wait(const dist::Event& event) override {
    enqueue([event] { event.wait(); });
  }

 private:
  void push(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    filled_.notify_one();
  }
  void serve(std::uint64_t delay_seed) {
    std::mt19937_64 random(delay_seed);
    for (;;) {
      std::unique_lock lock(mutex_);
      filled_.wait(lock, [&] { return !tasks_.empty(); });
      const auto task = std::move(tasks_.front());
      tasks_.pop_front();
      lock.unlock();
      if (!task) return;
      std::this_thread::sleep_for(lag_ + std::chrono::microseconds(random() % 4000));
      task();
    }
  }
  const int number_;
  const std::chrono::milliseconds lag_;
  const std::shared_ptr<std::uint64_t> latest_ = std::make_shared<std::uint64_t>(0);
  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::function<void()>> tasks_;
  std::exception_ptr failure_;  // touched by the worker only
  std::thread thread_;          // last: it uses everything above
};

}  // namespace
}  // namespace lethe::testing

namespace lethe::dist {

void Event::wait() const {
  if (state_) state_->wait();
}
bool Event::reached() const { return !state_ || state_->reached(); }
std::unique_ptr<Stream> make_worker_stream() { return std::make_unique<testing::SlowWorker>(); }
std::unique_ptr<Stream> make_inline_stream() { return std::make_unique<testing::SlowWorker>(); }

}  // namespace lethe::dist
