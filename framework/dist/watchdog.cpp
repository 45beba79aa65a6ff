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
constexpr std::chrono::duration<double> kStandstill{1};  // four of the longest intervals between looks

thread_local std::string thread_label;

// Looks often enough that an expiry is noticed within a tenth of the deadline, and seldom enough to cost
// nothing.
std::chrono::duration<double> interval_for(double deadline_seconds) {
  return std::chrono::duration<double>(std::clamp(deadline_seconds / 10, 0.02, 0.25));
}

}  // namespace

// Collectives by the order in which they started on this rank, over all groups.
struct Watchdog::Started {
  std::uint64_t start;
  Collective what;
};

struct Watchdog::Running {
  std::uint64_t start;
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

Watchdog::Watchdog(std::string who, double deadline_seconds, std::function<void(const Error&)> on_expiry)
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
  const auto last = std::ranges::max_element(ring_, {}, &Started::start);
  return last == ring_.end() ? Collective{} : last->what;
}

std::vector<Collective> Watchdog::recent() const {
  const std::lock_guard lock(mutex_);
  std::vector<Started> ordered = ring_;
  std::ranges::sort(ordered, {}, &Started::start);
  std::vector<Collective> collectives;
  for (Started& one : ordered) collectives.push_back(std::move(one.what));
  return collectives;
}

void Watchdog::watch() {
  std::unique_lock lock(mutex_);
  while (!stop_ && !expired_) {
    sleep(lock);
    if (!stop_) check(lock);
    if (stop_ || expired_ || !tick_) continue;
    const auto tick = tick_;
    lock.unlock();  // the tick asks for present()
    tick();
    lock.lock();
  }
}

// Where the whole process stood still (a job that its batch system suspends and continues), the collectives
// could make no progress either: such time counts for no deadline.
void Watchdog::sleep(std::unique_lock<std::mutex>& lock) {
  const auto start = Clock::now();
  wake_.wait_for(lock, interval_for(deadline_seconds_));
  const auto slept = Clock::now() - start;
  if (slept < kStandstill) return;
  for (Running& running : running_) running.since += slept;
}

void Watchdog::check(std::unique_lock<std::mutex>& lock) {
  const auto now = Clock::now();
  const auto stuck = std::ranges::find_if(running_, [&](const Running& running) {
    return std::chrono::duration<double>(now - running.since).count() > deadline_seconds_;
  });
  if (stuck == running_.end()) return;
  expired_ = true;
  const Error error = verdict(stuck->what);
  lock.unlock();  // the callback may ask for recent()
  on_expiry_(error);
  lock.lock();
}

Error Watchdog::verdict(const Collective& stuck) const {
  return Error("peer.hung",
               fmt::format("no progress for {:g} s: {} in {}", deadline_seconds_, who_, describe(stuck)),
               "another rank did not come to this collective: look at its last message, its host and its "
               "memory");
}

std::uint64_t Watchdog::number_group() {
  const std::lock_guard lock(mutex_);
  in_group_.push_back(0);
  return in_group_.size() - 1;
}

Watchdog::Watched::Watched(Watchdog& watchdog, std::string_view name, std::uint64_t bytes,
                           std::uint64_t group)
    : watchdog_(watchdog) {
  const std::lock_guard lock(watchdog_.mutex_);
  start_ = watchdog_.starts_++;
  Collective what{.sequence = ++watchdog_.in_group_.at(group),
                  .name = name,
                  .bytes = bytes,
                  .label = CollectiveLabel::current(),
                  .step = watchdog_.step_,
                  .group = group};
  if (watchdog_.ring_.size() < kRingSize)
    watchdog_.ring_.push_back({start_, what});
  else
    watchdog_.ring_[start_ % kRingSize] = {start_, what};
  watchdog_.running_.push_back({start_, std::move(what), Clock::now()});
}

Watchdog::Watched::~Watched() {
  const std::lock_guard lock(watchdog_.mutex_);
  std::erase_if(watchdog_.running_, [&](const Running& running) { return running.start == start_; });
  Started& remembered = watchdog_.ring_[start_ % kRingSize];
  if (remembered.start == start_) remembered.what.finished = true;
}

void Watchdog::Watched::progress() {
  const std::lock_guard lock(watchdog_.mutex_);
  for (Running& running : watchdog_.running_) {
    if (running.start == start_) running.since = Clock::now();
  }
}

Collective Watchdog::Watched::what() const {
  const std::lock_guard lock(watchdog_.mutex_);
  return std::ranges::find(watchdog_.running_, start_, &Running::start)->what;
}

}  // namespace lethe::dist
