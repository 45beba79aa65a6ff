// `lethe purge DIR…`: what was to be forgotten must not live on in the files of runs and campaigns. Lists
// what each file holds, removes forget texts and what was made from them, keeps scores by hashed id, and
// certifies it in purge.json.
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
  std::vector<std::string> runs;  // of a campaign: those below its folder; each has a plan of its own
  std::vector<HeldFile> files;    // by path; of a campaign those outside its runs
  std::vector<HeldFile> shared;   // of caches outside the run directory; full paths; only what is removed
  std::vector<std::filesystem::path> purged_caches;  // that were given, whether or not one held anything
  // Named by the run's configuration, outside its directory, with something of its forget samples, and not
  // given to the purge: left as they are, for other runs may use them.
  std::vector<std::filesystem::path> unpurged_caches;
  std::set<std::string> sample_ids;     // of the forget set, hashed
  std::vector<records::Entry> records;  // of records.jsonl, texts taken out; dropped once they are written
  bool has_records = false;
  std::set<std::string> telltales;  // questions and answers of forget sets: from the records, and from the
                                    // data sets where they still lie; of all runs that the command names
};

// Changes nothing. `roots` are run directories and campaigns' folders; a campaign stands for every run in it
// and, after them, for its own files. What one of the runs was asked to forget is looked for in all of them.
// Errors: run.missing (no run directory, no campaign); run.unknown: a file, a link, a kind or a field of a
// record that this version does not know, a damaged line of records before the last, or a kept file that
// quotes a forget sample; those of the records reader. In a shared cache, only token stores that hold one of
// the run's forget samples (or are damaged), and the reference log-probabilities, are taken: a cache is made
// again when it is next needed.
[[nodiscard]] std::vector<PurgePlan> plan_purges(const std::vector<std::filesystem::path>& roots,
                                                 const PurgeOptions& options);

// Takes the locks of all of them, gathers what all are to forget (once the first is purged, a shared cache
// knows no tokens any more), plans, and carries it out one by one. Each folder gets its certificate: before
// its first removal with "complete": false, at the end with true, so that an interrupted purge is seen and
// can be run again; a campaign's is a summary over its runs. Files are unlinked, not overwritten: what the
// disk or its backups still hold is beyond it, and the certificate says so. Then every file that stays is
// searched for the forget texts and for their token ids (those of the token stores that were removed), and
// the certificate says how many of each were looked for. Errors: those of plan_purges, out.locked (a run, a
// campaign or a task of it is in use), io.*; run.traces, naming the file, if something is found: the
// certificate stays incomplete.
std::vector<PurgePlan> purge(const std::vector<std::filesystem::path>& roots, const PurgeOptions& options);

// One JSON object a folder: what each file holds and what is done with it, as in a certificate.
[[nodiscard]] std::string purge_json(const PurgePlan& plan);

}  // namespace lethe::run
