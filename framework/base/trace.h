// Where time goes, as a Chrome trace (chrome://tracing, Perfetto): spans of compute, gathers, reductions and
// waits, by block and rank. Nothing is recorded, and almost nothing spent, unless a trace was started.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

namespace lethe::base {

enum class Track : std::uint8_t { compute, gather, reduce, save };

// One trace for the process; `rank` is its process number in the viewer.
void start_trace(int rank);
[[nodiscard]] bool tracing() noexcept;
// Events recorded so far, comma-separated JSON objects without brackets: ranks' texts are joined into one
// file. Ends the trace. Times are microseconds of the machine's steady clock, so ranks of one machine line
// up.
[[nodiscard]] std::string take_trace();
// The file: "[", events, "]".
[[nodiscard]] std::string trace_file(std::string_view events);

// A span from construction to destruction. Names of waits begin with "wait".
class TraceSpan {
 public:
  TraceSpan(Track track, std::string_view what, std::string_view which = {});
  ~TraceSpan();
  TraceSpan(const TraceSpan&) = delete;
  TraceSpan& operator=(const TraceSpan&) = delete;

 private:
  Track track_;
  std::string name_;  // empty: not recorded
  std::chrono::steady_clock::time_point start_;
};

}  // namespace lethe::base
