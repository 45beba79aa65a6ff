#include "framework/base/trace.h"

#include <fmt/format.h>

#include <array>
#include <atomic>
#include <mutex>

namespace lethe::base {
namespace {

using Clock = std::chrono::steady_clock;
using Microseconds = std::chrono::duration<double, std::micro>;

constexpr std::array<std::string_view, 4> kTracks = {"compute", "gather", "reduce", "save"};

struct Trace {
  std::mutex mutex;
  std::string events;
  int rank = 0;
};
std::atomic<bool> active{false};
Trace trace;

double micros(Clock::time_point time) { return Microseconds(time.time_since_epoch()).count(); }

void append(const std::string& event) {
  if (!trace.events.empty()) trace.events += ",\n";
  trace.events += event;
}

}  // namespace

void start_trace(int rank) {
  const std::lock_guard lock(trace.mutex);
  trace.events.clear();
  trace.rank = rank;
  append(
      fmt::format(R"({{"name":"process_name","ph":"M","pid":{},"args":{{"name":"rank {}"}}}})", rank, rank));
  for (std::size_t t = 0; t < kTracks.size(); ++t)
    append(fmt::format(R"({{"name":"thread_name","ph":"M","pid":{},"tid":{},"args":{{"name":"{}"}}}})", rank,
                       t, kTracks[t]));
  active = true;
}

bool tracing() noexcept { return active.load(std::memory_order_relaxed); }

std::string take_trace() {
  const std::lock_guard lock(trace.mutex);
  active = false;
  return std::exchange(trace.events, {});
}

std::string trace_file(std::string_view events) { return fmt::format("[\n{}\n]\n", events); }

TraceSpan::TraceSpan(Track track, std::string_view what, std::string_view which) : track_(track) {
  if (!tracing()) return;
  name_ = which.empty() ? std::string(what) : fmt::format("{} {}", what, which);
  start_ = Clock::now();
}

// Names are blocks' and our own words: nothing in them needs escaping.
TraceSpan::~TraceSpan() {
  if (name_.empty() || !tracing()) return;
  const auto end = Clock::now();
  const bool waits = name_.starts_with("wait");
  const auto number = static_cast<std::size_t>(track_);
  const std::lock_guard lock(trace.mutex);
  append(fmt::format(R"({{"name":"{}","cat":"{}","ph":"X","pid":{},"tid":{},"ts":{:.1f},"dur":{:.1f}}})",
                     name_, waits ? "wait" : kTracks[number], trace.rank, number, micros(start_),
                     Microseconds(end - start_).count()));
}

}  // namespace lethe::base
