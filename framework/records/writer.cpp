#include "framework/records/writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "framework/base/atomic_file.h"
#include "framework/records/reader.h"

namespace lethe::records {
namespace {

bool is_durable(const Record& record) {
  return std::holds_alternative<RunRecord>(record) || std::holds_alternative<EvaluationRecord>(record) ||
         std::holds_alternative<CheckpointRecord>(record) || std::holds_alternative<EventRecord>(record) ||
         std::holds_alternative<SummaryRecord>(record);
}

void truncate_to(const std::filesystem::path& path, std::uintmax_t size) {
  if (::truncate(path.c_str(), static_cast<off_t>(size)) != 0) base::fail_write(path, errno);
  base::fsync_path(path);
}

// Cuts the file at the first record that `is_later`. Returns the number of lines removed.
template <class IsLater>
std::size_t cut_at(const std::filesystem::path& path, IsLater is_later) {
  repair_end(path);
  if (!std::filesystem::is_regular_file(path)) return 0;
  std::size_t dropped = 0;
  std::uintmax_t keep = std::filesystem::file_size(path);
  for_each_line(path, [&](const Line& line) {
    const auto entry = parse_line(line.text, fmt::format("{}:{}", path.string(), line.number));
    if (dropped > 0 || (entry && is_later(entry->record)))
      if (dropped++ == 0) keep = line.begin;
    return true;
  });
  if (dropped > 0) truncate_to(path, keep);
  return dropped;
}

}  // namespace

Writer::Writer(std::filesystem::path path, SyncPolicy policy)
    : path_(std::move(path)), policy_(policy), last_sync_(std::chrono::steady_clock::now()) {
  repair_end(path_);
  const bool is_new = !std::filesystem::exists(path_);
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0) base::fail_write(path_, errno);
  if (is_new) base::fsync_path(path_.has_parent_path() ? path_.parent_path() : ".");
}

Writer::~Writer() {
  ::fsync(fd_);  // a failure here was not the caller's last chance: append() and sync() report theirs
  ::close(fd_);
}

void Writer::append(const Record& record) { append(Entry{utc_now(), record}); }

void Writer::append(const Entry& entry) {
  write(to_line(entry) + '\n');
  const std::chrono::duration<double> age = std::chrono::steady_clock::now() - last_sync_;
  if (is_durable(entry.record) || age.count() >= policy_.seconds) sync();
}

void Writer::sync() {
  if (::fsync(fd_) != 0 && errno != EINVAL) base::fail_write(path_, errno);  // EINVAL: a pipe or device
  last_sync_ = std::chrono::steady_clock::now();
}

void Writer::write(std::string_view line) {
  while (!line.empty()) {
    const ssize_t written = ::write(fd_, line.data(), line.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) base::fail_write(path_, errno);
    line.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::size_t repair_end(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return 0;
  std::uintmax_t good_end = 0;
  for_each_line(path, [&good_end](const Line& line) {
    if (line.is_complete) good_end = line.end;
    return true;
  });
  const auto size = std::filesystem::file_size(path);
  if (good_end < size) truncate_to(path, good_end);
  return size - good_end;
}

std::size_t drop_after_step(const std::filesystem::path& path, std::int64_t step) {
  return cut_at(path, [step](const Record& record) { return step_of(record).value_or(step) > step; });
}

std::size_t drop_from_evaluations(const std::filesystem::path& path, std::span<const std::string> tags) {
  if (!std::filesystem::exists(path)) return 0;
  const std::size_t steps = records_of<StepRecord>(read_records(path).entries).size();
  std::size_t seen = 0;
  return cut_at(path, [&](const Record& record) {
    if (std::holds_alternative<StepRecord>(record)) ++seen;
    if (std::holds_alternative<SummaryRecord>(record)) return seen == steps;
    const auto* evaluation = std::get_if<EvaluationRecord>(&record);
    return evaluation != nullptr && std::ranges::find(tags, evaluation->tag) != tags.end();
  });
}

std::size_t drop_after_scorings(const std::filesystem::path& path, std::int64_t count) {
  std::int64_t seen = 0;
  return cut_at(path, [&](const Record& record) {
    return std::holds_alternative<ScoringRecord>(record) && ++seen > count;
  });
}

}  // namespace lethe::records
