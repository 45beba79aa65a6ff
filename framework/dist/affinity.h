// Which cores lie near a GPU, as the kernel's /sys tells, and keeping a thread to them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::dist {

// "0-3,8" -> 0 1 2 3 8; empty where the text is no such list.
[[nodiscard]] std::vector<int> parse_cpu_list(std::string_view text);
// The other way: ranges of two and more with a dash.
[[nodiscard]] std::string cpu_list_text(const std::vector<int>& cpus);

struct NearCpus {
  int numa_node = -1;  // -1: the machine has one, or does not say
  std::vector<int> cpus;
};
// Of the device with this PCI address ("0000:3B:00.0", as CUDA names it). Nothing where /sys does not know
// it.
[[nodiscard]] std::optional<NearCpus> cpus_near(std::string_view pci_address,
                                                const std::filesystem::path& sys = "/sys");

// The `index`-th of `count` even, contiguous parts: of ranks whose GPUs share their cores. Each has one core
// at least, which ranks share where there are more ranks than cores.
[[nodiscard]] std::vector<int> share_of(const std::vector<int>& cpus, int index, int count);

// Keeps the calling thread, and those that it starts from now on, to those of `cpus` that it may use already.
// Gives them; empty, and nothing changed, where there are none.
std::vector<int> keep_thread_to(const std::vector<int>& cpus);

}  // namespace lethe::dist
