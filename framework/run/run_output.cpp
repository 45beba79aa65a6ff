#include "framework/run/run_output.h"

#include <torch/version.h>

#include <algorithm>
#include <iterator>

#include "framework/base/atomic_file.h"
#include "framework/base/hash.h"
#include "framework/dist/nccl_group.h"
#include "framework/records/exports.h"
#include "framework/records/reader.h"
#include "framework/run/agreement.h"
#include "framework/run/command_config.h"
#include "framework/run/version.h"

namespace lethe::run {

std::vector<std::string> rank_hosts(dist::World& world) {
  constexpr std::size_t kLength = 64;
  std::vector<std::uint8_t> all(kLength * static_cast<std::size_t>(world.info().size), 0), mine(kLength, 0);
  std::copy_n(world.info().host.begin(), std::min(world.info().host.size(), kLength - 1), mine.begin());
  world.group().all_gather(dist::span_of(std::span(mine)), dist::span_of(std::span(all)));
  std::vector<std::string> hosts;
  for (std::size_t at = 0; at < all.size(); at += kLength)
    hosts.emplace_back(reinterpret_cast<const char*>(all.data() + at));
  return hosts;
}

namespace {

records::DataRecord data_record(const SampleSet& set, const std::string& template_hash) {
  records::DataRecord record{.set = set.name,
                             .path = set.path,
                             .hash = set.hash,
                             .template_hash = template_hash,
                             .num_samples = static_cast<std::int64_t>(set.samples.size()),
                             .num_dropped = set.num_dropped};
  if (!set.selection.empty()) {
    base::Hasher hasher;
    for (const data::Sample& sample : set.samples) {
      record.selected_ids.push_back(sample.id);
      hasher.add(sample.id);
    }
    record.selection = set.selection;
    record.selection_hash = hasher.hex();
  }
  if (records::may_hold_forget_text(set.name))
    for (const data::Sample& sample : set.samples) record.forget_ids.push_back(sample.id);
  for (const data::Document& document : set.documents) {
    record.num_tokens += static_cast<std::int64_t>(document.ids.size());
    record.num_target_tokens += document.scored_tokens();
    record.longest_tokens = std::max(record.longest_tokens, static_cast<std::int64_t>(document.ids.size()));
  }
  return record;
}

std::string purpose_of(const Launch& launch, const RunConfig& config) {
  if (launch.command != "train") return "";
  if (config.data.exclude == "forget") return "retraining";
  const bool unlearns = config.objective && config.objective->unlearns() && config.train.forget_batch > 0;
  return unlearns ? "unlearning" : "finetuning";
}

std::map<std::string, std::string> method_of(const Launch& launch, const RunConfig& config) {
  if (launch.command != "train" || !config.objective) return {};
  const objectives::Description says = config.objective->description();
  return {{"formula", says.formula}, {"source", says.source}, {"quirks", says.quirks}, {"when", says.when}};
}

// Without the time.
std::vector<std::string> lines_of_scores(const std::vector<records::Entry>& entries) {
  std::vector<std::string> lines;
  for (const auto& score : records::records_of<records::ScoreRecord>(entries))
    lines.push_back(records::to_line({.record = score}));
  return lines;
}

// Of `earlier`, what still holds beside the scores of `now`.
std::vector<records::Entry> analysis_for(const std::vector<records::Entry>& now,
                                         const std::vector<records::Entry>& earlier) {
  const auto is_analysis = [](const records::Entry& entry) {
    return std::holds_alternative<records::AnalysisRecord>(entry.record);
  };
  std::vector<records::Entry> kept;
  if (std::ranges::any_of(now, is_analysis) || lines_of_scores(now) != lines_of_scores(earlier)) return kept;
  std::ranges::copy_if(earlier, std::back_inserter(kept), is_analysis);
  return kept;
}

void refuse_own_folder(const std::string& source, const std::string& key, const Launch& launch) {
  const auto whole = [](const std::filesystem::path& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path));
  };
  if (source.empty() || whole(source) != whole(run_folder(launch))) return;
  fail("config.conflict", fmt::format("{}: {} is the folder that this run writes anew", key, source),
       "name another folder with --out");
}

}  // namespace

RunConfig config_of_run(config::Section root, const Launch& launch) {
  RunConfig config = read_config_of(root, launch.command);
  if (launch.command == "train") refuse_own_folder(config.score.from, "score.from", launch);
  if (config.data.select) refuse_own_folder(config.data.select->scores, "data.forget.select.scores", launch);
  return config;
}

std::filesystem::path run_folder(const Launch& launch) {
  return launch.out.empty() ? std::filesystem::path("runs") / std::filesystem::path(launch.config_path).stem()
                            : std::filesystem::path(launch.out);
}

RunOutput::RunOutput(const Launch& launch, const std::string& effective_yaml, dist::World& world)
    : paths_{run_folder(launch)}, hosts_(rank_hosts(world)) {
  require_same_on_ranks(world.group(), base::hash_text(effective_yaml), "dist.config", "configuration",
                        "start every rank with the same file, --set and environment");
  if (world.info().rank == 0) {
    folder_was_there_ = std::filesystem::exists(paths_.root);
    directory_.emplace(
        records::open_run_directory(paths_.root, launch.command, effective_yaml, launch.resume));
    open_writers();
  }
  world.group().barrier();  // the directory is there for every rank's caches
}

RunOutput::~RunOutput() {
  if (directory_ && !described_ && !directory_->continues) remove_new_folder();
}

// What an earlier command left, an empty folder too, is not ours to remove.
void RunOutput::remove_new_folder() noexcept {
  std::error_code ignored;
  writer_.reset();
  score_writer_.reset();
  for (const auto& entry : std::filesystem::directory_iterator(paths_.root, ignored))
    std::filesystem::remove_all(entry.path(), ignored);
  if (!folder_was_there_) std::filesystem::remove(paths_.root, ignored);
}

void RunOutput::open_writers() {
  writer_.emplace(paths_.records());
  score_writer_.emplace(paths_.scores());
}

void RunOutput::append(const records::Record& record) {
  if (writer_) writer_->append(record);
}
void RunOutput::append_score(const records::Record& record) {
  if (held_scores_)
    held_scores_->push_back({records::utc_now(), record});
  else if (score_writer_)
    score_writer_->append(record);
}

void RunOutput::hold_scores() {
  if (!directory_) return;
  earlier_scores_ = records::read_records(paths_.scores()).entries;
  held_scores_.emplace();
}

void RunOutput::publish_scores() {
  if (!held_scores_) return;
  std::string text;
  for (const auto& entries : {*held_scores_, analysis_for(*held_scores_, earlier_scores_)})
    for (const records::Entry& entry : entries) text += records::to_line(entry) + '\n';
  score_writer_.reset();
  base::write_file_atomically(paths_.scores(), text);
  score_writer_.emplace(paths_.scores());
  held_scores_.reset();
  earlier_scores_.clear();
}

void RunOutput::refuse_to_start_over() const {
  if (!directory_ || !directory_->other_config) return;
  const auto entries = records::read_records(paths_.records()).entries;
  if (records::records_of<records::StepRecord>(entries).empty() &&
      records::records_of<records::SummaryRecord>(entries).empty())
    return;
  fail("run.missing",
       fmt::format("--resume: {} holds no checkpoint to go on from, and with other settings the run would "
                   "start over and erase what is there",
                   paths_.root.string()),
       "name another folder with --out; checkpoint.every leaves checkpoints");
}

void RunOutput::rewind_to(std::int64_t step) {
  if (!directory_) return;
  rewind_records_to(step);
  score_writer_.reset();
  records::drop_after_step(paths_.scores(), step);
  score_writer_.emplace(paths_.scores());
}

void RunOutput::rewind_records_to(std::int64_t step) {
  if (!directory_) return;
  writer_.reset();
  records::drop_after_step(paths_.records(), step);
  writer_.emplace(paths_.records());
}

void RunOutput::drop_unfinished_evaluations(const std::string& tag) {
  if (!directory_) return;
  std::vector<std::string> tags = {"after"};
  if (std::filesystem::exists(paths_.journal(tag))) tags.push_back(tag);
  writer_.reset();
  records::drop_from_evaluations(paths_.records(), tags);
  writer_.emplace(paths_.records());
}

void RunOutput::rewind_scorings(std::int64_t count) {
  if (!directory_) return;
  score_writer_.reset();
  records::drop_after_scorings(paths_.scores(), count);
  score_writer_.emplace(paths_.scores());
}

void RunOutput::describe(const Launch& launch, const RunConfig& config, const std::string& effective_yaml,
                         const Engine& engine, const SampleSets& sets, std::int64_t resumed_from) {
  described_ = true;
  if (!directory_) return;
  if (directory_->other_config) base::write_file_atomically(paths_.config(), effective_yaml);
  records::RunRecord run{.name = config.name.empty() ? paths_.root.filename().string() : config.name,
                         .command = launch.command,
                         .arguments = launch.arguments,
                         .config_path = launch.config_path,
                         .config_yaml = effective_yaml,
                         .objective = config.objective_name,
                         .sampler = config.sampler_name,
                         .purpose = purpose_of(launch, config),
                         .method = method_of(launch, config),
                         .versions = {{"lethe", kVersion},
                                      {"libtorch", TORCH_VERSION},
                                      {"compiler", __VERSION__},
                                      {"nccl", dist::nccl_is_built() ? dist::nccl_version() : "none"}},
                         .git_commit = kGitCommit};
  run.hashes = {{"config", base::hash_text(effective_yaml)},
                {"model", engine.model_hash},
                {"tokenizer", sets.tokenizer().hash()}};
  for (const SampleSet* set : sets.all()) run.hashes[set->name] = set->hash;
  run.world_size = engine.world.size();
  run.hosts = hosts_;
  run.device = engine.grid->device().is_cpu() ? "cpu" : "cuda";
  run.compute_dtype = config.model.compute;
  run.determinism = config.determinism;
  run.seed = config.seed;
  run.started = records::utc_now();
  run.resumed_from_step = resumed_from;
  append(run);
  records::write_run_file(paths_, run);
  const models::HfConfig& shape = engine.model.config;
  append(records::ModelRecord{.role = "policy",
                              .path = config.model.path,
                              .family = shape.model_type,
                              .hash = engine.model_hash,
                              .tokenizer_hash = sets.tokenizer().hash(),
                              .num_parameters = static_cast<std::int64_t>(engine.model.index.size()),
                              .num_layers = shape.num_layers,
                              .hidden_size = shape.hidden_size,
                              .vocab_size = shape.vocab_size,
                              .stored_dtype = std::string(models::name_of(engine.stored_dtype)),
                              .tied_embeddings = shape.tie_word_embeddings});
  for (const SampleSet* set : sets.all()) append(data_record(*set, sets.template_hash()));
}

void RunOutput::write_exports() {
  if (!directory_) return;
  std::vector<records::ScoreRecord> scores;
  std::vector<records::EvaluationRecord> evaluations;
  for (const auto& file : {paths_.records(), paths_.scores()}) {
    if (!std::filesystem::exists(file)) continue;
    for (const records::Entry& entry : records::read_records(file).entries) {
      if (const auto* score = std::get_if<records::ScoreRecord>(&entry.record)) scores.push_back(*score);
      if (const auto* evaluation = std::get_if<records::EvaluationRecord>(&entry.record))
        evaluations.push_back(*evaluation);
    }
  }
  if (!scores.empty())
    base::write_file_atomically(paths_.scores_csv(), records::scores_csv(std::move(scores)));
  base::write_file_atomically(paths_.metrics(), records::metrics_json(evaluations));
}

}  // namespace lethe::run
