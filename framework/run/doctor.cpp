#include "framework/run/doctor.h"

#include <ATen/Parallel.h>
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <nlohmann/json.hpp>
#include <set>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/dist/affinity.h"
#include "framework/dist/launcher.h"
#include "framework/dist/nccl_group.h"
#include "framework/run/device.h"
#include "framework/run/machine.h"
#include "framework/run/run_output.h"

namespace lethe::run {
namespace {

namespace fs = std::filesystem;
using base::readable_bytes;

constexpr std::uint64_t kLittleMemory = std::uint64_t{1} << 30, kLittleDisk = std::uint64_t{1} << 30;
constexpr rlim_t kFewFiles = 1024;

Finding examine_ranks(dist::World& world) {
  const auto launcher = dist::find_launcher();
  const auto hosts = rank_hosts(world);
  const std::set<std::string> different(hosts.begin(), hosts.end());
  return {.subject = "ranks",
          .what = fmt::format("{} by {}, on {} ({})", hosts.size(),
                              launcher ? launcher->name : "hand (no launcher)",
                              different.size() == 1 ? "one host" : fmt::format("{} hosts", different.size()),
                              fmt::join(different, ", "))};
}

Finding examine_memory(const dist::RankInfo& rank) {
  const std::uint64_t all = available_memory(), share = all / static_cast<std::uint64_t>(rank.local_size);
  Finding finding{.subject = "memory",
                  .what = fmt::format("{} available, {} for each rank of {}", readable_bytes(all),
                                      readable_bytes(share), rank.host)};
  if (share >= kLittleMemory) return finding;
  finding.health = Health::doubtful;
  finding.mend = "start fewer ranks on this host; `lethe plan FILE --ranks N` tells what a run needs";
  return finding;
}

Finding examine_limits() {
  struct rlimit files {};
  ::getrlimit(RLIMIT_NOFILE, &files);
  Finding finding{.subject = "limits", .what = fmt::format("{} open files", files.rlim_cur)};
  if (files.rlim_cur >= kFewFiles) return finding;
  finding.health = Health::doubtful;
  finding.mend =
      fmt::format("ulimit -n {}: the shards of a large model are open at the same time", kFewFiles);
  return finding;
}

Finding examine_gpus(dist::World& world) {
  dist::DeviceProbe found = dist::probe_devices();
  found.one_a_rank = each_sees_its_own(world.group(), world.info().host, found);
  return judge_gpus(found, world.info());
}

// Every rank gives its number, from 1; the sum is known.
Finding examine_collectives(dist::World& world) {
  const std::int64_t size = world.info().size;
  std::int64_t sum = world.info().rank + 1;
  world.group().barrier();  // what is timed is the collective, not who comes late
  const auto start = std::chrono::steady_clock::now();
  world.group().all_reduce({&sum, 1, dist::DType::i64});
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
  Finding finding{.subject = "all_reduce",
                  .what = fmt::format("{} ranks agree, {:.2f} ms", size, took.count())};
  if (sum == size * (size + 1) / 2) return finding;
  return {.subject = "all_reduce",
          .health = Health::bad,
          .what = fmt::format("gives {}, expected {}", sum, size * (size + 1) / 2),
          .mend = "start lethe with the mpirun of the MPI that it was built with"};
}

const char* word(Health health) {
  return health == Health::good ? "ok" : health == Health::doubtful ? "look" : "BAD";
}

// A file written, fsynced and renamed in the folder, as records and checkpoints are.
void try_disk(const fs::path& folder) {
  const fs::path trial = folder / fmt::format("doctor-{}", ::getpid());
  base::write_file_atomically(trial, "written, synced and renamed");
  fs::remove(trial);
}

// "0 0000:9B:00.0 (NUMA 1, cores 24-47)"
std::string gpu_text(std::size_t gpu, const std::string& address) {
  std::string text = fmt::format("{} {}", gpu, address);
  if (const auto near = dist::cpus_near(address))
    text += fmt::format(" (NUMA {}, cores {})", near->numa_node, dist::cpu_list_text(near->cpus));
  return text;
}

}  // namespace

Finding judge_gpus(const dist::DeviceProbe& found, const dist::RankInfo& rank) {
  const std::string nccl = dist::nccl_is_built() ? ", NCCL " + dist::nccl_version() : "";
  Finding finding{.subject = "GPUs"};
  if (found.count == 0) {
    finding.what = found.built ? fmt::format("none usable (CUDA: {}){}", found.problem, nccl)
                               : "none used: this lethe is built without CUDA";
    return finding;
  }
  std::vector<std::string> gpus;
  for (std::size_t gpu = 0; gpu < found.pci_addresses.size(); ++gpu)
    gpus.push_back(gpu_text(gpu, found.pci_addresses[gpu]));
  finding.what = fmt::format("{}{}: {}", found.count, nccl, fmt::join(gpus, "; "));
  if (!found.one_a_rank && found.count < rank.local_size) {
    finding.health = Health::doubtful;
    finding.mend = fmt::format("{} ranks on this host: run on CPU, or start one rank a GPU (see nvidia-smi)",
                               rank.local_size);
  }
  return finding;
}

Finding judge_threads(int threads, int local_ranks, int cores) {
  Finding finding{.subject = "cores",
                  .what = fmt::format("{} for {} ranks of {} threads", cores, local_ranks, threads)};
  if (threads * local_ranks <= cores) return finding;
  finding.health = Health::doubtful;
  finding.mend = fmt::format("export OMP_NUM_THREADS={}: more threads than cores slow every rank down",
                             std::max(1, cores / local_ranks));
  return finding;
}

Finding judge_disk(const fs::path& folder) {
  std::error_code error;
  std::vector<fs::path> made;  // the innermost first
  for (fs::path missing = folder; !missing.empty() && !fs::exists(missing); missing = missing.parent_path())
    made.push_back(missing);
  if (!made.empty()) fs::create_directories(folder, error);
  Finding finding{.subject = "disk"};
  try {
    if (error) base::fail_write(folder, error.value());
    try_disk(folder);
    const std::uint64_t free = fs::space(folder).available;
    finding.what =
        fmt::format("{} free in {}; writing, fsync and rename work", readable_bytes(free), folder.string());
    if (free < kLittleDisk)
      finding.health = Health::doubtful, finding.mend = "free some space, or name another place with --out";
  } catch (const Error& e) {
    finding = {.subject = "disk",
               .health = Health::bad,
               .what = e.message(),
               .mend = "name a folder that you may write with --out"};
  }
  for (const fs::path& empty : made) fs::remove(empty, error);
  return finding;
}

std::vector<Finding> examine(dist::World& world, const fs::path& folder) {
  const dist::RankInfo& rank = world.info();
  std::vector<Finding> findings = {
      examine_ranks(world), judge_threads(at::get_num_threads(), rank.local_size, available_cores()),
      examine_memory(rank), examine_limits(),
      examine_gpus(world),  examine_collectives(world)};
  if (rank.rank == 0) findings.push_back(judge_disk(folder));
  return findings;
}

std::string findings_text(const std::vector<Finding>& findings) {
  std::string text;
  for (const Finding& f : findings) {
    text += fmt::format("{:5} {:11} {}\n", word(f.health), f.subject, f.what);
    if (!f.mend.empty()) text += fmt::format("{:17} mend: {}\n", "", f.mend);
  }
  return text;
}

std::string findings_json(const std::vector<Finding>& findings) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const Finding& f : findings)
    list.push_back({{"subject", f.subject}, {"health", word(f.health)}, {"what", f.what}, {"mend", f.mend}});
  return nlohmann::ordered_json{{"findings", list}}.dump() + "\n";
}

bool any_bad(const std::vector<Finding>& findings) {
  return std::ranges::any_of(findings, [](const Finding& f) { return f.health == Health::bad; });
}

}  // namespace lethe::run
