#include "framework/dist/watchdog.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "framework/base/error.h"
#include "framework/base/text.h"

namespace lethe::dist {
namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kRingSize = 32;

thread_local std::string thread_label;

// Looks often enough that an expiry is noticed within a tenth of the deadline, and seldom enough to cost
// nothing.
std::chrono::duration<double> interval_for(double deadline_seconds) {
  return std::chrono::duration<double>(std::clamp(deadline_seconds / 10, 0.02, 0.25));
}

}  // namespace

struct Watchdog::Running {
  Collective what;
  Clock::time_point since;
};

CollectiveLabel::CollectiveLabel(std::string label)
    : previous_(std::exchange(thread_label, std::move(label))) {}
CollectiveLabel::~CollectiveLabel() { thread_label = std::move(previous_); }
const std::string& CollectiveLabel::current() noexcept { return thread_label; }

std::string describe(const Collective& collective) {
  std::string text = fmt::format("{} #{}", collective.name, collective.sequence);
  if (!collective.label.empty()) text += " of " + collective.label;
  if (collective.step >= 0) text += fmt::format(", step {}", collective.step);
  if (collective.bytes > 0) text += ", " + base::readable_bytes(collective.bytes);
  return text;
}

Watchdog::Watchdog(std::string who, double deadline_seconds,
                   std::function<void(const std::string&)> on_expiry)
    : who_(std::move(who)),
      on_expiry_(std::move(on_expiry)),
      deadline_seconds_(deadline_seconds),
      thread_([this] { watch(); }) {}

Watchdog::~Watchdog() { stop(); }

void Watchdog::stop() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

void Watchdog::set_step(std::int64_t step) {
  const std::lock_guard lock(mutex_);
  step_ = step;
}

double Watchdog::deadline_seconds() const {
  const std::lock_guard lock(mutex_);
  return deadline_seconds_;
}

void Watchdog::set_deadline_seconds(double seconds) {
  LETHE_CHECK(seconds > 0, "a deadline of {} s", seconds);
  {
    const std::lock_guard lock(mutex_);
    deadline_seconds_ = seconds;
  }
  wake_.notify_all();
}

void Watchdog::set_tick(std::function<void()> tick) {
  const std::lock_guard lock(mutex_);
  tick_ = std::move(tick);
}

Collective Watchdog::present() const {
  const std::lock_guard lock(mutex_);
  if (!running_.empty()) return running_.front().what;
  const auto last = std::ranges::max_element(ring_, {}, &Collective::sequence);
  return last == ring_.end() ? Collective{} : *last;
}

std::vector<Collective> Watchdog::recent() const {
  const std::lock_guard lock(mutex_);
  std::vector<Collective> ordered = ring_;
  std::ranges::sort(ordered, {}, &Collective::sequence);
  return ordered;
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!stop_ && !expired_) {
    wake_.wait_for(lock, interval_for(deadline_seconds_));
    if (!stop_) check(lock);
    if (stop_ || expired_ || !tick_) continue;
    const auto tick = tick_;
    lock.unlock();  // the tick asks for present()
    tick();
    lock.lock();
  }
}

void Watchdog::check(std::unique_lock<std::mutex>& lock) {
  const auto now = Clock::now();
  const auto stuck = std::ranges::find_if(running_, [&](const Running& running) {
    return std::chrono::duration<double>(now - running.since).count() > deadline_seconds_;
  });
  if (stuck == running_.end()) return;
  expired_ = true;
  const std::string text = verdict(stuck->what);
  lock.unlock();  // the callback may ask for recent()
  on_expiry_(text);
  lock.lock();
}

std::string Watchdog::verdict(const Collective& stuck) const {
  return Error("peer.hung",
               fmt::format("no progress for {:g} s: {} in {}", deadline_seconds_, who_, describe(stuck)),
               "another rank did not come to this collective: look at its last message, its host and its "
               "memory")
      .what();
}

Watchdog::Watched::Watched(Watchdog& watchdog, std::string_view name, std::uint64_t bytes)
    : watchdog_(watchdog) {
  const std::lock_guard lock(watchdog_.mutex_);
  sequence_ = watchdog_.next_sequence_++;
  Collective what{.sequence = sequence_,
                  .name = name,
                  .bytes = bytes,
                  .label = CollectiveLabel::current(),
                  .step = watchdog_.step_};
  if (watchdog_.ring_.size() < kRingSize)
    watchdog_.ring_.push_back(what);
  else
    watchdog_.ring_[(sequence_ - 1) % kRingSize] = what;
  watchdog_.running_.push_back({std::move(what), Clock::now()});
}

Watchdog::Watched::~Watched() {
  const std::lock_guard lock(watchdog_.mutex_);
  std::erase_if(watchdog_.running_,
                [&](const Running& running) { return running.what.sequence == sequence_; });
  Collective& remembered = watchdog_.ring_[(sequence_ - 1) % kRingSize];
  if (remembered.sequence == sequence_) remembered.finished = true;
}

void Watchdog::Watched::progress() {
  const std::lock_guard lock(watchdog_.mutex_);
  for (Running& running : watchdog_.running_) {
    if (running.what.sequence == sequence_) running.since = Clock::now();
  }
}

Collective Watchdog::Watched::what() const {
  const std::lock_guard lock(watchdog_.mutex_);
  return std::ranges::find(watchdog_.running_, sequence_, [](const Running& r) { return r.what.sequence; })
      ->what;
}

}  // namespace lethe::dist
