// Which folders a purge goes through (purge_folders in purge_plan.h).
#include <algorithm>

#include "framework/base/error.h"
#include "framework/records/run_directory.h"
#include "framework/run/purge_plan.h"

namespace lethe::run {
namespace {

namespace fs = std::filesystem;

bool is_run(const fs::path& root) {
  const records::RunPaths paths{root};
  return fs::exists(paths.config()) || fs::exists(paths.records());
}

// As framework/campaign lays it out.
bool is_campaign(const fs::path& root) {
  return fs::is_directory(root / "runs") &&
         (fs::exists(root / "cells.json") || fs::exists(root / "index.sqlite") ||
          fs::is_directory(root / "tasks"));
}

// A task that never began leaves a folder without a run: its files count as the campaign's own.
std::vector<std::string> runs_below(const fs::path& campaign) {
  std::vector<std::string> runs;
  for (const auto& entry : fs::directory_iterator(campaign / "runs"))
    if (entry.is_directory() && !entry.is_symlink() && is_run(entry.path()))
      runs.push_back("runs/" + entry.path().filename().string());
  std::ranges::sort(runs);
  return runs;
}

void add_once(std::vector<PurgeFolder>& folders, PurgeFolder folder) {
  const auto place = fs::weakly_canonical(folder.root);
  const bool is_new = std::ranges::none_of(
      folders, [&](const PurgeFolder& other) { return fs::weakly_canonical(other.root) == place; });
  if (is_new) folders.push_back(std::move(folder));
}

}  // namespace

std::vector<PurgeFolder> purge_folders(const std::vector<fs::path>& roots) {
  std::vector<PurgeFolder> folders;
  for (const fs::path& root : roots) {
    if (is_run(root)) {
      add_once(folders, {.root = root});
    } else if (is_campaign(root)) {
      PurgeFolder campaign{.root = root, .is_campaign = true, .runs = runs_below(root)};
      for (const std::string& run : campaign.runs) add_once(folders, {.root = root / run});
      add_once(folders, std::move(campaign));
    } else {
      fail("run.missing",
           fmt::format("{} is no run directory (no config.yaml, no records.jsonl) and no campaign's folder",
                       root.string()));
    }
  }
  return folders;
}

}  // namespace lethe::run
