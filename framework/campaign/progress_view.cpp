#include "framework/campaign/progress_view.h"

#include <algorithm>

#include "framework/base/log.h"
#include "framework/base/text.h"

namespace lethe::campaign {
namespace {

constexpr std::size_t kMostLines = 12;
constexpr auto kRedraw = std::chrono::milliseconds(500);

}  // namespace

ProgressView::ProgressView(const Schedule& schedule, std::FILE* out, bool is_terminal)
    : schedule_(schedule), out_(out), is_terminal_(is_terminal) {
  for (const Task& task : schedule.plan().tasks) shown_[task.key] = schedule.state(task.key);
}

ProgressView::~ProgressView() {
  if (is_terminal_) erase();
}

std::string ProgressView::headline() const {
  const Counts cells = schedule_.cells();
  std::string text = fmt::format("cells {}/{} done", cells.done, schedule_.plan().cells.size());
  if (cells.running > 0) text += fmt::format(", {} running", cells.running);
  if (cells.failed > 0) text += fmt::format(", {} failed", cells.failed);
  if (cells.blocked > 0) text += fmt::format(", {} blocked", cells.blocked);
  if (const auto left = schedule_.work_left_seconds(); left && cells.done < schedule_.plan().cells.size())
    text +=
        fmt::format("; about {} left", base::readable_duration(*left / static_cast<double>(most_at_once_)));
  return text;
}

void ProgressView::note_states() {
  most_at_once_ = std::max(most_at_once_, schedule_.tasks().running);
  for (auto& [key, shown] : shown_) {
    const TaskState now = schedule_.state(key);
    if (now == shown) continue;
    shown = now;
    since_[key] = Clock::now();
    const TaskResult& result = schedule_.result(key);
    if (now == TaskState::failed)
      spdlog::error("{} failed with exit code {}: {}", key, result.exit_code, result.error);
    else if (now == TaskState::waiting && result.exit_code != 0 && !result.was_stopped())
      spdlog::warn("{} ended with exit code {} and starts again: {}", key, result.exit_code, result.error);
    else if (!is_terminal_ && now == TaskState::done)
      spdlog::info("{} done in {}; {}", key, base::readable_duration(result.seconds), headline());
    else if (!is_terminal_)
      spdlog::info("{} {}", key, name_of(now));
  }
}

void ProgressView::changed() {
  if (is_terminal_) erase();
  note_states();
  if (is_terminal_) draw();
}

void ProgressView::waited() {
  if (!is_terminal_ || Clock::now() - last_draw_ < kRedraw) return;
  erase();
  draw();
}

void ProgressView::erase() {
  if (num_lines_ > 0) std::fprintf(out_, "\x1b[%zuA\x1b[J", num_lines_);
  num_lines_ = 0;
}

void ProgressView::draw() {
  std::fprintf(out_, "%s\n", headline().c_str());
  num_lines_ = 1;
  for (const auto& [key, state] : shown_) {
    if (state != TaskState::running || num_lines_ > kMostLines) continue;
    const double seconds = std::chrono::duration<double>(Clock::now() - since_[key]).count();
    std::fprintf(out_, "  %-30.60s %s\n", key.c_str(), base::readable_duration(seconds).c_str());
    ++num_lines_;
  }
  std::fflush(out_);
  last_draw_ = Clock::now();
}

}  // namespace lethe::campaign
