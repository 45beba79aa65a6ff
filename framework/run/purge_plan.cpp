// What the files of a run directory hold, and what a purge does with them (plan_purge in purge.h).
#include <algorithm>
#include <array>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/config/document.h"
#include "framework/data/jsonl_reader.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"
#include "framework/records/texts.h"
#include "framework/run/purge.h"
#include "framework/run/purge_caches.h"
#include "framework/run/run_config.h"

namespace lethe::run {
namespace {

using records::Entry;

// Shorter texts ("Yes.", a year) are in every file by chance.
constexpr std::size_t kShortestTelltale = 16;

struct Rule {
  std::string_view pattern;  // a file, or a folder with all that is in it if it ends in /
  PurgeAction action;
  std::string_view reason;
  bool is_from_forget_set;
};

constexpr std::array kRules{
    Rule{"config.yaml", PurgeAction::keep, "settings", false},
    Rule{"run.json", PurgeAction::keep, "provenance", false},
    Rule{"records.jsonl", PurgeAction::rewrite, "questions, answers and generations of the forget set", true},
    Rule{"scores.jsonl", PurgeAction::keep, "scores by hashed id", false},
    Rule{"scores.csv", PurgeAction::keep, "scores by hashed id", false},
    Rule{"trace.json", PurgeAction::keep, "timings by block and rank", false},
    Rule{"metrics.json", PurgeAction::keep, "averages over sets", false},
    Rule{"TOFU_EVAL.json", PurgeAction::remove, "questions, answers and generations of the evaluated sets",
         true},
    Rule{"TOFU_SUMMARY.json", PurgeAction::keep, "averages over sets", false},
    Rule{"MUSE_EVAL.json", PurgeAction::remove, "questions, answers and generations of the evaluated sets",
         true},
    Rule{"MUSE_SUMMARY.json", PurgeAction::keep, "averages over sets", false},
    Rule{"evals/", PurgeAction::remove, "results of evaluations with their questions and answers", true},
    Rule{"model/", PurgeAction::keep, "the unlearned model", false},
    Rule{"checkpoints/", PurgeAction::remove,
         "weights from before the end, and moments of gradients of the forget set", true},
    Rule{"cache/", PurgeAction::remove, "tokens and log-probabilities of samples", true},
    Rule{"report.html", PurgeAction::remove,
         "example questions and answers; can be made again from the records", true},
    Rule{"report.md", PurgeAction::remove, "can be made again from the records", true},
    Rule{"report.csv", PurgeAction::remove, "can be made again from the records", true},
    Rule{"report.svg", PurgeAction::remove, "can be made again from the records", true},
    Rule{"erasure.html", PurgeAction::remove, "may quote samples; can be made again from the records", true},
    Rule{"tensorboard/", PurgeAction::keep, "losses by step and averages over sets", false},
    Rule{"purge.json", PurgeAction::keep, "certificates of purges", false},
    Rule{"lock", PurgeAction::keep, "the name of the process that holds the lock", false}};

const Rule* rule_for(const std::string& path) {
  // What an atomic write leaves behind when it is killed; it may hold anything that its target may.
  static constexpr Rule kAside{"", PurgeAction::remove, "left behind by an interrupted write", true};
  if (path.find(".writing-") != std::string::npos) return &kAside;
  const auto found = std::ranges::find_if(kRules, [&](const Rule& rule) {
    return rule.pattern.ends_with('/') ? path.starts_with(rule.pattern) : path == rule.pattern;
  });
  return found == kRules.end() ? nullptr : &*found;
}

[[noreturn]] void refuse(const std::filesystem::path& root, const std::string& what) {
  fail("run.unknown", fmt::format("{}: {}", root.string(), what),
       "nothing was removed; move it out of the run directory or purge it by hand, then run the command "
       "again");
}

std::vector<HeldFile> list_files(const std::filesystem::path& root) {
  std::vector<HeldFile> files;
  std::vector<std::string> unknown;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root)) {
    const std::string path = entry.path().lexically_relative(root).generic_string();
    if (entry.is_directory() && !entry.is_symlink()) continue;
    const Rule* rule = rule_for(path);
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

// As read_records, but strict: what is not understood cannot be said to hold no forget text.
std::vector<Entry> read_strictly(const std::filesystem::path& root, const std::filesystem::path& file) {
  std::vector<Entry> entries;
  records::for_each_line(file, [&](const records::Line& line) {
    const std::string where = fmt::format("{}:{}", file.filename().string(), line.number);
    if (!line.is_complete) return true;  // a torn end is not kept
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

// The same from the data set, where it still lies: runs that generated nothing quote nothing in their
// records.
std::set<std::string> texts_of_data(const std::filesystem::path& config_file,
                                    const std::set<std::string>& ids) {
  std::set<std::string> texts;
  try {
    const RunConfig config = read_run_config(config::load(config_file));
    for (const data::Sample& sample : data::read_samples(config.data.forget, "forget").samples) {
      if (!ids.contains(sample.id)) continue;
      for (const std::string& text : {sample.question, sample.answer})
        if (text.size() >= kShortestTelltale) texts.insert(text);
    }
  } catch (const Error&) {
    return {};  // moved or changed since; the certificate says how many texts were looked for
  }
  return texts;
}

bool quotes(std::string_view content, const std::set<std::string>& telltales) {
  return std::ranges::any_of(telltales, [&](const std::string& text) {
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

}  // namespace

std::string_view name_of(PurgeAction action) {
  return action == PurgeAction::keep ? "keep" : action == PurgeAction::rewrite ? "rewrite" : "remove";
}

PurgePlan plan_purge(const std::filesystem::path& root, const PurgeOptions& options) {
  const records::RunPaths paths{root};
  if (!std::filesystem::exists(paths.config()) && !std::filesystem::exists(paths.records()))
    fail("run.missing",
         fmt::format("{} is no run directory (no config.yaml, no records.jsonl)", root.string()));
  PurgePlan plan{
      .root = root, .files = list_files(root), .has_records = std::filesystem::exists(paths.records())};
  if (plan.has_records) plan.records = read_strictly(root, paths.records());
  gather_ids(plan.records, plan.sample_ids);
  if (std::filesystem::exists(paths.scores()))
    gather_ids(read_strictly(root, paths.scores()), plan.sample_ids);
  for (HeldFile& file : plan.files) {
    file.hash_before = base::hash_file(root / file.path);
    if (file.num_forget_samples > 0) file.num_forget_samples = num_held(root / file.path, plan.sample_ids);
  }
  for (const auto& cache : options.shared_caches)
    std::ranges::move(held_by_cache(cache, plan.sample_ids), std::back_inserter(plan.shared));
  plan.telltales = telltales_of(plan.records);
  plan.telltales.merge(texts_of_data(paths.config(), plan.sample_ids));
  erase_forget_texts(plan.records, plan.telltales);
  check_what_stays(plan, plan.telltales);
  return plan;
}

}  // namespace lethe::run
