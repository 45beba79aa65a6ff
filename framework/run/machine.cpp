#include "framework/run/machine.h"

#include <sched.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <limits>
#include <string>

namespace lethe::run {
namespace {

constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// The number behind `name` in /proc/meminfo, in bytes.
std::uint64_t meminfo(const std::string& name) {
  std::ifstream file("/proc/meminfo");
  std::string key, unit;
  std::uint64_t kibibytes = 0;
  while (file >> key >> kibibytes) {
    std::getline(file, unit);
    if (key == name + ":") return kibibytes << 10;
  }
  return kUnlimited;
}

// One number of a control group's file; "max" and an absent file are no limit.
std::uint64_t group_number(const char* path) {
  std::ifstream file(path);
  std::uint64_t number = 0;
  return file >> number ? number : kUnlimited;
}

// Pages of files that a control group was charged for: the kernel drops them before it refuses memory.
std::uint64_t cached_in_group() {
  std::ifstream file("/sys/fs/cgroup/memory.stat");
  std::uint64_t sum = 0, bytes = 0;
  for (std::string key; file >> key >> bytes;)
    if (key == "active_file" || key == "inactive_file") sum += bytes;
  return sum;
}

std::uint64_t left_in_group() {
  const std::uint64_t limit = group_number("/sys/fs/cgroup/memory.max");
  const std::uint64_t charged = group_number("/sys/fs/cgroup/memory.current");
  if (limit == kUnlimited || charged == kUnlimited) return kUnlimited;
  const std::uint64_t used = charged - std::min(charged, cached_in_group());
  return limit - std::min(limit, used);
}

struct Unit {
  std::string_view name;
  int shift;
};
constexpr std::array kUnits = {Unit{"", 0},   Unit{"B", 0},    Unit{"K", 10}, Unit{"KiB", 10},
                               Unit{"M", 20}, Unit{"MiB", 20}, Unit{"G", 30}, Unit{"GiB", 30},
                               Unit{"T", 40}, Unit{"TiB", 40}};

}  // namespace

std::uint64_t available_memory() { return std::min(meminfo("MemAvailable"), left_in_group()); }

std::optional<std::uint64_t> parse_size(std::string_view text) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc() || !(number > 0)) return std::nullopt;
  std::string_view rest(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (rest.starts_with(' ')) rest.remove_prefix(1);
  const auto unit = std::ranges::find(kUnits, rest, &Unit::name);
  if (unit == kUnits.end()) return std::nullopt;
  const double bytes = number * static_cast<double>(std::uint64_t{1} << unit->shift);
  if (bytes >= 0x1p63) return std::nullopt;
  return static_cast<std::uint64_t>(bytes);
}

int available_cores() {
  cpu_set_t allowed;
  CPU_ZERO(&allowed);
  return ::sched_getaffinity(0, sizeof allowed, &allowed) == 0 ? CPU_COUNT(&allowed) : 1;
}

}  // namespace lethe::run
