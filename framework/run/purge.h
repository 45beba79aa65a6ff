// `lethe purge DIR…`: what was to be forgotten must not live on in a run's own files. Lists what each file
// holds, removes forget texts and what was made from them, keeps scores by hashed id, and certifies it in
// purge.json.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "framework/records/record.h"

namespace lethe::run {

enum class PurgeAction { keep, rewrite, remove };
[[nodiscard]] std::string_view name_of(PurgeAction action);

struct PurgeOptions {
  std::string lethe_version;
  std::vector<std::filesystem::path>
      shared_caches;  // folders of token stores and reference log-probabilities
};

struct HeldFile {
  std::string path;  // relative to the run directory, with /
  PurgeAction action = PurgeAction::keep;
  std::string reason;  // what it holds
  std::uint64_t bytes = 0;
  std::string hash_before, hash_after;   // XXH3-128; hash_after is empty for removed files
  std::uint64_t num_forget_samples = 0;  // whose texts, or what was made from them, it holds
};

struct PurgePlan {
  std::filesystem::path root;
  std::vector<HeldFile> files;       // by path
  std::vector<HeldFile> shared;      // of caches outside the run directory; full paths; only what is removed
  std::set<std::string> sample_ids;  // of the forget set, hashed
  std::vector<records::Entry> records;  // of records.jsonl, texts taken out
  bool has_records = false;
  std::set<std::string> telltales;  // questions and answers of the forget set: from the records, and from the
                                    // data set where it still lies
};

// Changes nothing. Errors: run.missing (no run directory); run.unknown: a file, a link, a kind or a field of
// a record that this version does not know, or a kept file that quotes a forget sample; those of the records
// reader.
// In a shared cache, only token stores that hold one of the run's forget samples (or are damaged), and the
// reference log-probabilities, are taken: a cache is made again when it is next needed.
[[nodiscard]] PurgePlan plan_purge(const std::filesystem::path& root, const PurgeOptions& options);

// Takes the run's lock, plans, carries it out, and writes the certificate: before the first removal with
// "complete": false, at the end with true, so that an interrupted purge is seen and can be run again. Files
// are unlinked, not overwritten: what the disk or its backups still hold is beyond it, and the certificate
// says so. Then every file that stays is searched for the forget texts and for their token ids (those of the
// token stores that were removed), and the certificate says how many of each were looked for. Errors: those
// of plan_purge, out.locked, io.*; run.traces, naming the file, if something is found: the certificate stays
// incomplete.
PurgePlan purge_run(const std::filesystem::path& root, const PurgeOptions& options);

}  // namespace lethe::run
