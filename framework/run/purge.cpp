#include "framework/run/purge.h"

#include <sys/resource.h>

#include <algorithm>
#include <map>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/data/mapped_file.h"
#include "framework/records/run_directory.h"
#include "framework/run/purge_caches.h"
#include "framework/run/purge_certificate.h"
#include "framework/run/purge_plan.h"
#include "framework/run/trace_search.h"

namespace lethe::run {
namespace {

using records::RunLock;
using records::RunPaths;

std::string records_text(const std::vector<records::Entry>& entries) {
  std::string text;
  for (const records::Entry& entry : entries) text += records::to_line(entry) + '\n';
  return text;
}

void remove_empty_folders(const std::filesystem::path& folder) {
  if (!std::filesystem::is_directory(folder)) return;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    if (entry.is_directory()) remove_empty_folders(entry.path());
  if (std::filesystem::is_empty(folder)) std::filesystem::remove(folder);
}

void remove_file(const std::filesystem::path& path) {
  std::error_code error;
  std::filesystem::remove(path, error);
  if (error) base::fail_write(path, error.value());
}

void carry_out(PurgePlan& plan) {
  for (HeldFile& file : plan.files) {
    const auto path = plan.root / file.path;
    if (file.action == PurgeAction::rewrite) base::write_file_atomically(path, records_text(plan.records));
    if (file.action == PurgeAction::remove)
      remove_file(path);
    else
      file.hash_after = base::hash_file(path);
  }
  for (const HeldFile& file : plan.shared) remove_file(file.path);
  const RunPaths paths{plan.root};
  for (const auto& folder : {paths.checkpoints(), paths.cache()}) remove_empty_folders(folder);
  base::fsync_path(plan.root);
}

// A task whose program has not begun holds its own lock only.
void refuse_running_tasks(const std::filesystem::path& campaign) {
  if (!std::filesystem::is_directory(campaign / "tasks")) return;
  for (const auto& entry : std::filesystem::directory_iterator(campaign / "tasks"))
    if (entry.path().extension() == ".lock") const RunLock lock(entry.path());
}

// A lock is an open file, and a campaign may have more runs than a process may open at first. Where the
// system allows no more, taking the locks says so before anything is removed.
void allow_open_files(std::size_t locks) {
  constexpr rlim_t kOthers = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= locks + kOthers) return;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, locks + kOthers);
  (void)::setrlimit(RLIMIT_NOFILE, &limit);
}

// The campaigns' first, so that no driver begins a run in between.
std::vector<RunLock> locks_of(const std::vector<PurgeFolder>& folders) {
  std::vector<RunLock> locks;
  locks.reserve(folders.size());
  allow_open_files(folders.size());
  for (const bool campaigns : {true, false})
    for (const PurgeFolder& folder : folders) {
      if (folder.is_campaign != campaigns) continue;
      locks.emplace_back(RunPaths{folder.root}.lock());
      if (folder.is_campaign) refuse_running_tasks(folder.root);
    }
  return locks;
}

Sought sought_of(const std::vector<PurgeFolder>& folders) {
  Sought sought;
  for (const PurgeFolder& folder : folders) {
    sought.roots.push_back(folder.root);
    if (!folder.is_campaign) sought.add(sought_of_run(folder.root));
  }
  return sought;
}

// What must be nowhere afterwards; taken before the stores that know it are removed.
TraceSearch traces_of(const std::vector<PurgeFolder>& folders, const Sought& sought,
                      const PurgeOptions& options) {
  TraceSearch traces;
  for (const std::string& text : sought.texts) traces.add_text(text);
  for (const PurgeFolder& folder : folders)
    gather_tokens(RunPaths{folder.root}.cache(), sought.sample_ids, traces);
  for (const auto& cache : options.shared_caches) gather_tokens(cache, sought.sample_ids, traces);
  return traces;
}

PurgePlan plan_of(const PurgeFolder& folder, const PurgeOptions& options, const Sought& sought) {
  return folder.is_campaign ? plan_campaign(folder, sought) : plan_run(folder.root, options, sought);
}

void search_file(const std::filesystem::path& path, const TraceSearch& traces) {
  const auto file = data::MappedFile::open(path);
  if (!file) return;
  const auto bytes = file->bytes();
  const std::string found = traces.found_in({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
  if (!found.empty())
    fail("run.traces", fmt::format("{} still holds {} of a forget sample", path.string(), found),
         "the certificate is left incomplete; remove the file and purge again");
}

// The number of files below `root` that were searched, those of the folders `apart` (searched before) left
// out.
std::size_t search_files(const std::filesystem::path& root, const std::vector<std::string>& apart,
                         const TraceSearch& traces) {
  std::size_t count = 0;
  std::filesystem::recursive_directory_iterator entries(root);
  for (const auto& entry : entries) {
    const std::string path = entry.path().lexically_relative(root).generic_string();
    if (entry.is_directory() && std::ranges::find(apart, path) != apart.end())
      entries.disable_recursion_pending();
    if (!entry.is_regular_file() || entry.file_size() == 0) continue;
    search_file(entry.path(), traces);
    ++count;
  }
  return count;
}

class Purging {
 public:
  Purging(const std::vector<std::filesystem::path>& roots, const PurgeOptions& options)
      : options_(options),
        folders_(purge_folders(roots)),
        locks_(locks_of(folders_)),
        sought_(sought_of(folders_)),
        traces_(traces_of(folders_, sought_, options)) {}

  std::vector<PurgePlan> run() {
    begin();
    std::vector<PurgePlan> plans;
    for (const PurgeFolder& folder : folders_) plans.push_back(purge_one(folder));
    return plans;
  }

 private:
  // What one of them refuses is known before anything of another is removed; and a campaign's certificate is
  // incomplete before the first of its runs is touched.
  void begin() {
    if (folders_.size() == 1) return;
    std::vector<PurgePlan> campaigns;
    for (const PurgeFolder& folder : folders_)
      if (PurgePlan plan = plan_of(folder, options_, sought_); folder.is_campaign)
        campaigns.push_back(std::move(plan));
    for (const PurgePlan& plan : campaigns) certificate_of(plan.root).begin(plan);
  }

  PurgePlan purge_one(const PurgeFolder& folder) {
    PurgePlan plan = plan_of(folder, options_, sought_);
    const Certificate& certificate = certificate_of(folder.root);
    certificate.begin(plan);
    carry_out(plan);
    std::size_t& files = searched_[folder.root];
    files = search_files(plan.root, plan.runs, traces_);
    for (const std::string& run : plan.runs) files += searched_[folder.root / run];
    certificate.complete(
        plan, {.texts = plan.telltales.size(), .token_windows = traces_.num_windows(), .files = files});
    plan.records.clear();  // a campaign has many runs
    return plan;
  }

  // The same one for a folder's beginning and its end: an incomplete one is replaced.
  const Certificate& certificate_of(const std::filesystem::path& root) {
    return certificates_.try_emplace(root, root, options_.lethe_version).first->second;
  }

  const PurgeOptions& options_;
  std::vector<PurgeFolder> folders_;
  std::vector<RunLock> locks_;
  Sought sought_;
  TraceSearch traces_;
  std::map<std::filesystem::path, Certificate> certificates_;
  std::map<std::filesystem::path, std::size_t> searched_;
};

}  // namespace

std::vector<PurgePlan> plan_purges(const std::vector<std::filesystem::path>& roots,
                                   const PurgeOptions& options) {
  const auto folders = purge_folders(roots);
  const Sought sought = sought_of(folders);
  std::vector<PurgePlan> plans;
  for (const PurgeFolder& folder : folders) {
    plans.push_back(plan_of(folder, options, sought));
    plans.back().records.clear();
  }
  return plans;
}

std::vector<PurgePlan> purge(const std::vector<std::filesystem::path>& roots, const PurgeOptions& options) {
  return Purging(roots, options).run();
}

}  // namespace lethe::run
