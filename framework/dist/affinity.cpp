#include "framework/dist/affinity.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <sched.h>

#include <algorithm>
#include <cctype>
#include <charconv>
#include <fstream>

namespace lethe::dist {
namespace {

constexpr int kMostCpus = CPU_SETSIZE;

// The number at the front of `text`, which is taken off; -1 where there is none.
int take_number(std::string_view& text) {
  int value = -1;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 0 || value >= kMostCpus) return -1;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, char wanted) {
  if (!text.starts_with(wanted)) return false;
  text.remove_prefix(1);
  return true;
}

std::string first_line(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

}  // namespace

std::vector<int> parse_cpu_list(std::string_view text) {
  std::vector<int> cpus;
  do {
    const int first = take_number(text);
    const int last = take(text, '-') ? take_number(text) : first;
    if (first < 0 || last < first) return {};
    for (int cpu = first; cpu <= last; ++cpu) cpus.push_back(cpu);
  } while (take(text, ','));
  return text.empty() ? cpus : std::vector<int>{};
}

std::string cpu_list_text(const std::vector<int>& cpus) {
  std::vector<std::string> ranges;
  for (std::size_t i = 0; i < cpus.size();) {
    std::size_t end = i + 1;
    while (end < cpus.size() && cpus[end] == cpus[end - 1] + 1) ++end;
    ranges.push_back(end == i + 1 ? fmt::format("{}", cpus[i])
                                  : fmt::format("{}-{}", cpus[i], cpus[end - 1]));
    i = end;
  }
  return fmt::format("{}", fmt::join(ranges, ","));
}

std::optional<NearCpus> cpus_near(std::string_view pci_address, const std::filesystem::path& sys) {
  std::string lower(pci_address);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) { return std::tolower(c); });
  const auto folder = sys / "bus" / "pci" / "devices" / lower;
  NearCpus near{.cpus = parse_cpu_list(first_line(folder / "local_cpulist"))};
  if (near.cpus.empty()) return std::nullopt;
  const std::string node = first_line(folder / "numa_node");
  std::from_chars(node.data(), node.data() + node.size(), near.numa_node);
  return near;
}

std::vector<int> share_of(const std::vector<int>& cpus, int index, int count) {
  const auto size = static_cast<int>(cpus.size());
  if (size == 0) return {};
  if (size < count) return {cpus[static_cast<std::size_t>(index % size)]};
  return {cpus.begin() + index * size / count, cpus.begin() + (index + 1) * size / count};
}

std::vector<int> keep_thread_to(const std::vector<int>& cpus) {
  cpu_set_t allowed, wanted;
  CPU_ZERO(&wanted);
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return {};
  std::vector<int> kept;
  for (const int cpu : cpus) {
    if (cpu < 0 || cpu >= kMostCpus || !CPU_ISSET(cpu, &allowed)) continue;
    CPU_SET(cpu, &wanted);
    kept.push_back(cpu);
  }
  if (kept.empty() || sched_setaffinity(0, sizeof wanted, &wanted) != 0) return {};
  return kept;
}

}  // namespace lethe::dist
