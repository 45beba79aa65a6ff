#include "framework/dist/stream.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

#include "framework/dist/event_state.h"
#include "framework/dist/guarded_work.h"
#include "framework/dist/watchdog.h"

namespace lethe::dist {

namespace {

class HostState final : public Event::State {
 public:
  void reach(const WorkFailure& failure) {
    {
      const std::lock_guard lock(mutex_);
      failure_ = failure;
      reached_ = true;
    }
    changed_.notify_all();
  }
  void wait() override {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return reached_; });
    failure_.rethrow();
  }
  bool reached() override {
    const std::lock_guard lock(mutex_);
    return reached_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  bool reached_ = false;
  WorkFailure failure_;
};

}  // namespace

void Event::wait() const {
  if (state_) state_->wait();
}

bool Event::reached() const { return !state_ || state_->reached(); }

namespace {

class InlineStream final : public Stream {
 public:
  void enqueue(std::function<void()> work) override { work_.run(work); }
  Event record() override {
    auto state = std::make_shared<HostState>();
    state->reach(work_.failure());
    return Event(std::move(state));
  }
  void wait(const Event& event) override {
    work_.run([&] { event.wait(); });
  }

 private:
  GuardedWork work_;
};

class WorkerStream final : public Stream {
 public:
  WorkerStream() : thread_([this] { serve(); }) {}
  ~WorkerStream() override {
    push({});  // an empty function ends the thread, after all that was enqueued
    thread_.join();
  }

  void enqueue(std::function<void()> work) override {
    push([this, label = CollectiveLabel::current(), work = std::move(work)] {
      const CollectiveLabel scope(label);
      work_.run(work);
    });
  }
  Event record() override {
    auto state = std::make_shared<HostState>();
    push([this, state] { state->reach(work_.failure()); });
    return Event(std::move(state));
  }
  void wait(const Event& event) override {
    push([this, event] { work_.run([&] { event.wait(); }); });
  }

 private:
  void push(std::function<void()> task) {
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
    }
    filled_.notify_one();
  }
  std::function<void()> next() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return !tasks_.empty(); });
    auto task = std::move(tasks_.front());
    tasks_.pop_front();
    return task;
  }
  void serve() {
    for (auto task = next(); task; task = next()) task();
  }

  std::mutex mutex_;
  std::condition_variable filled_;
  std::deque<std::function<void()>> tasks_;
  GuardedWork work_;  // touched by the worker only
  std::thread thread_;
};

}  // namespace

std::unique_ptr<Stream> make_inline_stream() { return std::make_unique<InlineStream>(); }
std::unique_ptr<Stream> make_worker_stream() { return std::make_unique<WorkerStream>(); }

}  // namespace lethe::dist
