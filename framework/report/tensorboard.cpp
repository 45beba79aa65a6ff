#include "framework/report/tensorboard.h"

#include <array>
#include <bit>
#include <cstdio>
#include <ctime>
#include <set>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"

namespace lethe::report {
namespace {

// Seconds since 1970 of "2026-01-31T23:59:59.123Z"; 0 for what is none.
double seconds_of(const std::string& utc) {
  std::tm time{};
  double seconds = 0;
  if (std::sscanf(utc.c_str(), "%d-%d-%dT%d:%d:%lfZ", &time.tm_year, &time.tm_mon, &time.tm_mday,
                  &time.tm_hour, &time.tm_min, &seconds) != 6)
    return 0;
  time.tm_year -= 1900;
  time.tm_mon -= 1;
  return static_cast<double>(::timegm(&time)) + seconds;
}

// Little-endian bytes, whatever the machine's order.
std::string fixed_bytes(std::uint64_t value, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) bytes += static_cast<char>(value >> (8 * i) & 0xff);
  return bytes;
}

std::string varint(std::uint64_t value) {
  std::string bytes;
  for (; value >= 0x80; value >>= 7) bytes += static_cast<char>((value & 0x7f) | 0x80);
  return bytes + static_cast<char>(value);
}

// Fields of a protocol buffer: the number and the wire type (0 varint, 1 eight bytes, 2 counted, 5 four
// bytes).
std::string key_of(int field, int wire_type) {
  return varint(static_cast<std::uint64_t>(field << 3 | wire_type));
}
std::string counted(int field, const std::string& bytes) {
  return key_of(field, 2) + varint(bytes.size()) + bytes;
}
std::string double_field(int field, double value) {
  return key_of(field, 1) + fixed_bytes(std::bit_cast<std::uint64_t>(value), 8);
}
std::string float_field(int field, float value) {
  return key_of(field, 5) + fixed_bytes(std::bit_cast<std::uint32_t>(value), 4);
}

// TFRecord masks its checksums, so that a checksum of bytes that hold checksums stays sound.
std::string masked_checksum(std::string_view bytes) {
  const std::uint32_t crc = crc32c(bytes);
  return fixed_bytes((crc >> 15 | crc << 17) + 0xa282ead8U, 4);
}

std::string frame(const std::string& message) {
  const std::string length = fixed_bytes(message.size(), 8);
  return length + masked_checksum(length) + message + masked_checksum(message);
}

// Event: wall_time = 1, step = 2, file_version = 3, summary = 5; Summary: value = 1; Value: tag = 1,
// simple_value = 2.
std::string message_of(const ScalarEvent& event) {
  std::string summary;
  for (const auto& [tag, value] : event.values)
    summary += counted(1, counted(1, tag) + float_field(2, value));
  return double_field(1, event.wall_time) + key_of(2, 0) + varint(static_cast<std::uint64_t>(event.step)) +
         counted(5, summary);
}

ScalarEvent event_of(const records::StepRecord& step, double wall_time) {
  ScalarEvent event{.step = step.step, .wall_time = wall_time};
  const auto add = [&](const std::string& name, double value) {
    event.values.emplace_back("train/" + name, static_cast<float>(value));
  };
  add("loss", step.loss);
  for (const auto& [term, value] : step.terms) add(term, value);
  add("learning_rate", step.learning_rate);
  add("gradient_norm", step.gradient_norm);
  add("tokens_per_second", step.tokens_per_second);
  if (step.changed_fraction) add("changed_fraction", *step.changed_fraction);
  return event;
}

std::string folder_name(const RunSummary& run, std::set<std::string>& taken) {
  std::string name = run.folder.filename().string();
  if (name.empty()) name = run.folder.parent_path().filename().string();
  const std::string first = name;
  for (int i = 2; !taken.insert(name).second; ++i) name = first + "-" + std::to_string(i);
  return name;
}

}  // namespace

std::uint32_t crc32c(std::string_view bytes) {
  static const auto table = [] {
    std::array<std::uint32_t, 256> entries{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      entries[i] = i;
      for (int bit = 0; bit < 8; ++bit) entries[i] = entries[i] >> 1 ^ (entries[i] & 1 ? 0x82f63b78U : 0);
    }
    return entries;
  }();
  std::uint32_t crc = 0xffffffffU;
  for (const char byte : bytes) crc = table[(crc ^ static_cast<unsigned char>(byte)) & 0xff] ^ crc >> 8;
  return ~crc;
}

std::vector<ScalarEvent> scalar_events(const RunSummary& run) {
  std::vector<ScalarEvent> events;
  double now = seconds_of(run.first_time);
  std::map<std::int64_t, double> time_of_step;
  for (const records::StepRecord& step : run.steps) {
    now += step.seconds;
    time_of_step[step.step] = now;
    events.push_back(event_of(step, now));
  }
  for (const records::EvaluationRecord& evaluation : run.evaluations) {
    const auto time = time_of_step.find(evaluation.step);
    ScalarEvent event{.step = evaluation.step,
                      .wall_time = time == time_of_step.end() ? seconds_of(run.first_time) : time->second};
    for (const auto& [metric, value] : evaluation.aggregates)
      event.values.emplace_back(evaluation.set + "/" + metric, static_cast<float>(value));
    if (!event.values.empty()) events.push_back(std::move(event));
  }
  return events;
}

std::string event_file(const std::vector<ScalarEvent>& events) {
  const double begin = events.empty() ? 0 : events.front().wall_time;
  std::string bytes = frame(double_field(1, begin) + counted(3, "brain.Event:2"));
  for (const ScalarEvent& event : events) bytes += frame(message_of(event));
  return bytes;
}

void write_tensorboard(const std::vector<const RunSummary*>& runs, const std::filesystem::path& folder) {
  std::set<std::string> taken;
  for (const RunSummary* run : runs) {
    const auto events = scalar_events(*run);
    if (events.empty()) continue;
    const auto where = runs.size() == 1 ? folder : folder / folder_name(*run, taken);
    base::make_folders(where);
    base::write_file_atomically(where / "events.out.tfevents.lethe", event_file(events));
  }
}

}  // namespace lethe::report
