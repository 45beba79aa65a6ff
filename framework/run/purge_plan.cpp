// What the files of a run directory hold, and what a purge does with them.
#include "framework/run/purge_plan.h"

#include <algorithm>
#include <sstream>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/config/document.h"
#include "framework/config/raw_value.h"
#include "framework/data/jsonl_reader.h"
#include "framework/data/options.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"
#include "framework/records/texts.h"
#include "framework/run/purge_caches.h"
#include "framework/run/purge_rules.h"

namespace lethe::run {
namespace {

using records::Entry;

// Shorter texts ("Yes.", a year) are in every file by chance.
constexpr std::size_t kShortestTelltale = 16;

[[noreturn]] void refuse(const std::filesystem::path& root, const std::string& what) {
  fail("run.unknown", fmt::format("{}: {}", root.string(), what),
       "nothing was removed; move it out of the run directory or purge it by hand, then run the command "
       "again");
}

// Every file below `root` but those of the folders `apart`. Errors: run.unknown.
std::vector<HeldFile> list_files(const std::filesystem::path& root,
                                 const PurgeRule* (*rule_for)(std::string_view),
                                 const std::vector<std::string>& apart = {}) {
  std::vector<HeldFile> files;
  std::vector<std::string> unknown;
  std::filesystem::recursive_directory_iterator entries(root);
  for (const auto& entry : entries) {
    const std::string path = entry.path().lexically_relative(root).generic_string();
    if (entry.is_directory() && !entry.is_symlink()) {
      if (std::ranges::find(apart, path) != apart.end()) entries.disable_recursion_pending();
      continue;
    }
    const PurgeRule* rule = rule_for(path);
    if (rule == nullptr || !entry.is_regular_file() || entry.is_symlink())
      unknown.push_back(path);
    else
      files.push_back({.path = path,
                       .action = rule->action,
                       .reason = std::string(rule->reason),
                       .bytes = entry.file_size(),
                       .num_forget_samples = rule->is_from_forget_set ? 1u : 0u});
  }
  std::ranges::sort(unknown);
  if (!unknown.empty())
    refuse(root, fmt::format("{} of its files are unknown to this version (first: {})", unknown.size(),
                             unknown.front()));
  std::ranges::sort(files, {}, &HeldFile::path);
  return files;
}

void measure(PurgePlan& plan) {
  for (HeldFile& file : plan.files) {
    file.hash_before = base::hash_file(plan.root / file.path);
    if (file.num_forget_samples > 0)
      file.num_forget_samples = num_held(plan.root / file.path, plan.sample_ids);
  }
}

// As read_records, but strict: what is not understood cannot be said to hold no forget text.
std::vector<Entry> read_strictly(const std::filesystem::path& root, const std::filesystem::path& file) {
  std::vector<Entry> entries;
  std::string torn;
  records::for_each_line(file, [&](const records::Line& line) {
    const std::string where = fmt::format("{}:{}", file.filename().string(), line.number);
    if (!torn.empty()) refuse(root, torn + " is damaged, and others follow it");
    if (!line.is_complete) {
      torn = where;  // the end that a kill leaves is not kept
      return true;
    }
    auto entry = records::parse_line(line.text, where);
    if (!entry) refuse(root, fmt::format("{} is of a kind that is unknown to this version", where));
    if (const auto part = records::unread_part(line.text, *entry); !part.empty())
      refuse(root, fmt::format("{} has a field that is unknown to this version: {}", where, part));
    entries.push_back(std::move(*entry));
    return true;
  });
  return entries;
}

std::set<std::string> telltales_of(const std::vector<Entry>& entries) {
  std::set<std::string> texts;
  for (const Entry& entry : entries) {
    if (!records::quotes_forget_text(entry.record)) continue;
    const auto& generation = std::get<records::GenerationRecord>(entry.record);
    // Not what the model wrote: after unlearning, that may be any sentence.
    for (const std::string& text : {generation.question, generation.answer})
      if (text.size() >= kShortestTelltale) texts.insert(text);
  }
  return texts;
}

// Ids of running text are of windows, which mix its rows; a row may be a book, and nobody quotes a whole one.
void add_lines(const std::string& row, std::set<std::string>& texts) {
  std::istringstream lines(row);
  for (std::string line; std::getline(lines, line);) {
    if (line.ends_with('\r')) line.pop_back();
    if (line.size() >= kShortestTelltale) texts.insert(line);
  }
}

// The same from the data set, where it still lies: runs that generated nothing quote nothing in their
// records.
std::set<std::string> texts_of_data(const std::filesystem::path& config_file,
                                    const std::set<std::string>& ids) {
  std::set<std::string> texts;
  try {
    // No more of the file than that: what else it says may be refused today.
    const data::Options data = data::read(config::load(config_file).section("data", "of the run"));
    const bool is_running_text = data.forget.format == "text";
    for (const data::Sample& sample : data::read_samples(data.forget, "forget").samples) {
      if (is_running_text && !ids.empty()) add_lines(sample.answer, texts);
      if (!ids.contains(sample.id)) continue;
      for (const std::string& text : {sample.question, sample.answer})
        if (text.size() >= kShortestTelltale) texts.insert(text);
    }
  } catch (const Error&) {
    return {};  // moved or changed since; the certificate says how many texts were looked for
  }
  return texts;
}

bool lies_below(const std::filesystem::path& folder, const std::filesystem::path& root) {
  std::error_code unreadable;
  const auto path = std::filesystem::relative(folder, root, unreadable);
  return !path.empty() && *path.begin() != "..";
}

// One that lies in a folder of this command goes with that folder.
std::vector<std::filesystem::path> caches_left(const std::filesystem::path& config_file,
                                               const std::set<std::string>& ids, const PurgeOptions& options,
                                               const std::vector<std::filesystem::path>& roots) {
  std::filesystem::path cache;
  try {
    config::Section root = config::load(config_file);
    cache = config::raw_value(root, "cache", "of token stores and log-probabilities").scalar;
  } catch (const Error&) {
    return {};
  }
  std::error_code unreadable;
  const auto is_it = [&](const std::filesystem::path& given) {
    return std::filesystem::equivalent(given, cache, unreadable);
  };
  if (cache.empty() || !std::filesystem::is_directory(cache, unreadable) ||
      std::ranges::any_of(options.shared_caches, is_it) ||
      std::ranges::any_of(roots, [&](const auto& root) { return lies_below(cache, root); }) ||
      held_by_cache(cache, ids).empty())
    return {};
  return {cache};
}

bool quotes(std::string_view content, const std::set<std::string>& telltales) {
  return std::ranges::any_of(telltales, [&](const std::string& text) {
    if (text.size() > content.size()) return false;
    const std::string escaped =
        records::Json(text).dump(-1, ' ', false, records::Json::error_handler_t::replace);
    return content.find(text) != std::string_view::npos ||
           content.find(std::string_view(escaped).substr(1, escaped.size() - 2)) != std::string_view::npos;
  });
}

// Generations of the forget set, and any other generation in which the model said what was to be forgotten.
void erase_forget_texts(std::vector<Entry>& entries, const std::set<std::string>& telltales) {
  for (Entry& entry : entries) {
    const auto texts = records::texts_of(entry.record);
    const bool tells =
        std::ranges::any_of(texts, [&](const std::string& text) { return quotes(text, telltales); });
    if (records::quotes_forget_text(entry.record) || tells) records::erase_texts(entry.record);
  }
}

// The last word: what stays must not quote what goes, whichever field or file it hides in.
void check_what_stays(const PurgePlan& plan, const std::set<std::string>& telltales) {
  for (const Entry& entry : plan.records)
    if (quotes(records::to_line(entry), telltales))
      refuse(plan.root, fmt::format("a {} record of {} quotes a forget sample",
                                    records::kind_of(entry.record), entry.time));
  for (const HeldFile& file : plan.files)
    if (file.action == PurgeAction::keep && !file.path.starts_with("model/") &&
        quotes(base::read_file(plan.root / file.path), telltales))
      refuse(plan.root, fmt::format("{} quotes a forget sample", file.path));
}

void gather_ids(const std::vector<Entry>& entries, std::set<std::string>& ids) {
  for (const Entry& entry : entries)
    for (std::string& id : records::forget_ids_of(entry.record)) ids.insert(std::move(id));
}

struct ReadRun {
  std::vector<Entry> records;
  Sought sought;
};

ReadRun read_run(const std::filesystem::path& root) {
  const records::RunPaths paths{root};
  ReadRun run;
  if (std::filesystem::exists(paths.records())) run.records = read_strictly(root, paths.records());
  gather_ids(run.records, run.sought.sample_ids);
  if (std::filesystem::exists(paths.scores()))
    gather_ids(read_strictly(root, paths.scores()), run.sought.sample_ids);
  run.sought.texts = telltales_of(run.records);
  run.sought.texts.merge(texts_of_data(paths.config(), run.sought.sample_ids));
  return run;
}

// A model that was taught is kept like one that unlearned; the list must not call it so.
void say_what_model_it_is(PurgePlan& plan) {
  const auto runs = records::records_of<records::RunRecord>(plan.records);
  if (runs.empty() || runs.back().purpose.empty() || runs.back().purpose == "unlearning") return;
  const bool was_taught = runs.back().purpose == "finetuning";
  for (HeldFile& file : plan.files)
    if (file.path.starts_with("model/"))
      file.reason =
          was_taught ? "a finetuned model: it may know what was to be forgotten" : "a retrained model";
}

}  // namespace

std::string_view name_of(PurgeAction action) {
  return action == PurgeAction::keep ? "keep" : action == PurgeAction::rewrite ? "rewrite" : "remove";
}

void Sought::add(Sought other) {
  sample_ids.merge(other.sample_ids);
  texts.merge(other.texts);
}

Sought sought_of_run(const std::filesystem::path& root) { return read_run(root).sought; }

PurgePlan plan_run(const std::filesystem::path& root, const PurgeOptions& options, const Sought& sought) {
  ReadRun run = read_run(root);
  PurgePlan plan{.root = root,
                 .files = list_files(root, rule_of_run),
                 .sample_ids = std::move(run.sought.sample_ids),
                 .records = std::move(run.records),
                 .has_records = std::filesystem::exists(records::RunPaths{root}.records()),
                 .telltales = std::move(run.sought.texts)};
  plan.telltales.insert(sought.texts.begin(), sought.texts.end());
  measure(plan);
  for (const auto& cache : options.shared_caches)
    std::ranges::move(held_by_cache(cache, plan.sample_ids), std::back_inserter(plan.shared));
  plan.purged_caches = options.shared_caches;
  plan.unpurged_caches =
      caches_left(records::RunPaths{root}.config(), plan.sample_ids, options, sought.roots);
  say_what_model_it_is(plan);
  erase_forget_texts(plan.records, plan.telltales);
  check_what_stays(plan, plan.telltales);
  return plan;
}

PurgePlan plan_campaign(const PurgeFolder& campaign, const Sought& sought) {
  PurgePlan plan{.root = campaign.root,
                 .runs = campaign.runs,
                 .files = list_files(campaign.root, rule_of_campaign, campaign.runs),
                 .sample_ids = sought.sample_ids,
                 .telltales = sought.texts};
  measure(plan);
  check_what_stays(plan, plan.telltales);
  return plan;
}

}  // namespace lethe::run
