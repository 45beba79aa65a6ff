// What one purge command is about: the folders that it goes through, what it looks for in all of them, and
// what it does with each folder's files.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "framework/run/purge.h"

namespace lethe::run {

struct PurgeFolder {
  std::filesystem::path root;
  bool is_campaign = false;
  std::vector<std::string> runs = {};  // of a campaign: below its folder ("runs/unlearn-3f2a91c0d5e4")
};

// Runs as they are named, campaigns after the runs that they hold; each folder once. Errors: run.missing.
[[nodiscard]] std::vector<PurgeFolder> purge_folders(const std::vector<std::filesystem::path>& roots);

struct Sought {
  std::set<std::string> sample_ids;               // of forget sets, hashed
  std::set<std::string> texts;                    // of them, long enough to tell
  std::vector<std::filesystem::path> roots = {};  // of all folders of the command

  void add(Sought other);
};

// By the run's records, and by its data set where that still lies. Errors: as plan_run.
[[nodiscard]] Sought sought_of_run(const std::filesystem::path& root);

// Beside the run's own texts, those of `sought` are taken out too. Errors: run.unknown (a file, a link, a
// kind or a field of a record that this version does not know, or a kept file that quotes a forget sample);
// run.missing (no cache there); those of the records reader.
[[nodiscard]] PurgePlan plan_run(const std::filesystem::path& root, const PurgeOptions& options,
                                 const Sought& sought);

// Of the campaign's own files. Errors: run.unknown.
[[nodiscard]] PurgePlan plan_campaign(const PurgeFolder& campaign, const Sought& sought);

}  // namespace lethe::run
