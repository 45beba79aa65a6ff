#include "framework/run/evaluate_sets.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"
#include "framework/evaluation/evaluator.h"
#include "framework/evaluation/measures/probability.h"
#include "framework/evaluation/null_metrics.h"
#include "framework/inference/log_likelihood.h"
#include "framework/models/model_path.h"
#include "framework/records/reader.h"
#include "framework/run/evaluated_engine.h"
#include "framework/run/model_limits.h"
#include "framework/run/read_eval.h"
#include "framework/run/session.h"

namespace lethe::run {
namespace {

namespace ev = evaluation;

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool have_wrong_answers(std::span<const data::Sample> samples) {
  return std::ranges::any_of(samples, [](const auto& s) { return !s.perturbed_answers.empty(); });
}

ev::Suite plain_suite(const RunConfig& config, std::span<const SampleSet* const> sets) {
  std::vector<ev::PlainSet> plain;
  for (const SampleSet* set : sets)
    plain.push_back({.name = set->name, .has_wrong_answers = have_wrong_answers(set->samples)});
  return ev::plain_suite(plain, config.eval.generate);
}

ev::Available available_to(const RunConfig& config, const SampleSets& sets) {
  ev::Available available{
      .sets = {}, .reference = !config.eval.reference.empty(), .retain_log = !config.eval.retain_log.empty()};
  for (const SampleSet* set : sets.evaluated())
    available.sets.push_back(
        {.name = set->name,
         .has_wrong_answers = have_wrong_answers(std::span(set->samples).first(looked_at(config, *set)))});
  return available;
}

ev::EvaluatorParts parts_of(const RunConfig& config, const SampleSets& sets, Engine& engine,
                            ev::EvaluatedModel& model) {
  ev::EvaluatorParts parts{.model = model,
                           .world = engine.world,
                           .tokenizer = sets.tokenizer(),
                           .sample_tokenizer = sets.sample_tokenizer(),
                           .sets = {},
                           .retain = std::nullopt,
                           .before_round = [&world = engine.world] {
                             stop_where_told(world,
                                             "stopped in an evaluation, whose measurements are saved; run "
                                             "the same command to go on");
                           }};
  for (const SampleSet* set : sets.evaluated())
    parts.sets.push_back({.name = set->name,
                          .samples = std::span(set->samples).first(looked_at(config, *set)),
                          .documents = std::span(set->documents).first(looked_at(config, *set))});
  if (!config.eval.retain_log.empty())
    parts.retain = ev::read_retain_log(config.eval.retain_log, config.eval.result_name);
  return parts;
}

ev::EvaluatorOptions options_of(const RunConfig& config) {
  return {.batch_prompts = config.eval.batch,
          .max_new_tokens = config.eval.max_new_tokens,
          .max_generations = config.eval.max_generations,
          .stop_words = config.eval.stop_words};
}

// The suite of the configuration, or the plain one, on the engine as it is now.
ev::Evaluation run_suite(const RunConfig& config, Engine& engine, const SampleSets& sets,
                         const std::set<std::string>* names, ev::Journal& journal) {
  const ev::Suite plain = config.eval.suite.empty() ? plain_suite(config, sets.evaluated()) : ev::Suite{};
  const ev::Suite& suite = config.eval.suite.empty() ? plain : config.eval.suite;
  const auto entries = names != nullptr ? ev::entries_for(suite, *names) : ev::entries_of(suite);
  EvaluatedEngine model(config, engine, sets.tokenizer().special_tokens().stop_ids,
                        unseen_id(config, sets.tokenizer()));
  return ev::evaluate(entries, parts_of(config, sets, engine, model), options_of(config), journal);
}

// Sets that the model of eval.reference reads.
std::set<std::string> sets_of_reference(const ev::Suite& suite) {
  std::set<std::string> sets;
  for (const ev::SuiteEntry& entry : suite) {
    const ev::Needs needs = entry.metric->needs();
    for (const auto& [source, statistics] : needs.statistics)
      if (statistics.contains(std::string(ev::kReferenceLogProb))) sets.insert(source.set);
  }
  return sets;
}

void check_reference_model(const RunConfig& config, const SampleSets& sets) {
  const std::set<std::string> names = sets_of_reference(config.eval.suite);
  std::vector<ReadSet> read;
  for (const SampleSet* set : sets.evaluated())
    if (names.contains(set->name))
      read.push_back({.name = set->name,
                      .samples = std::span(set->samples).first(looked_at(config, *set)),
                      .documents = std::span(set->documents).first(looked_at(config, *set))});
  if (!read.empty()) check_model_reads(read, sets.tokenizer(), reference_shape(config), "eval.reference");
}

// What a journal's measurements depend on. The weights are a function of the configuration and the step.
std::string identity_of(const RunConfig& config, const Engine& engine, const SampleSets& sets,
                        std::int64_t step) {
  base::Hasher hasher;
  hasher.add(engine.model_hash)
      .add(std::to_string(step))
      .add(config.model.compute)
      .add(config.eval.reference)
      .add(config.eval.compat)
      .add(fmt::format("{}", repetition_penalty(engine)));
  if (!config.eval.reference.empty() && !sets_of_reference(config.eval.suite).empty())
    hasher.add(reference_hash(config));
  hasher.add(fmt::format("{} {}", config.eval.batch, config.eval.max_new_tokens)).add(config.identity);
  for (const SampleSet* set : sets.evaluated()) hasher.add(set->name).add(set->store_key);
  return hasher.hex();
}

void add_columns(const ev::Evaluation& evaluation, records::EvaluationRecord& record) {
  for (const ev::NamedResult& r : evaluation.results) {
    if (r.column.set != (record.set == kModelSet ? "" : record.set) || !r.result.value) continue;
    record.aggregates[r.column.name] = *r.result.value;
    for (const ev::SampleResult& sample : r.result.samples) {
      const auto same_row = [&](const records::SampleMetrics& s) { return s.row == sample.index; };
      const auto found = std::ranges::find_if(record.samples, same_row);
      if (found != record.samples.end() && sample.value) found->values[r.column.name] = *sample.value;
    }
  }
}

void record_results(const RunConfig& config, const ev::Evaluation& evaluation, const SampleSets& sets,
                    const std::string& tag, std::int64_t step, double seconds, RunOutput& output) {
  for (const SampleSet* set : sets.evaluated()) {
    records::EvaluationRecord record{.tag = tag, .step = step, .set = set->name};
    for (const data::Sample& sample : std::span(set->samples).first(looked_at(config, *set)))
      record.samples.push_back({.id = sample.id, .row = sample.row, .values = {}});
    add_columns(evaluation, record);
    record.seconds = seconds;
    if (!record.aggregates.empty()) output.append(record);
  }
  records::EvaluationRecord whole{.tag = tag, .step = step, .set = kModelSet};
  add_columns(evaluation, whole);
  if (!whole.aggregates.empty()) output.append(whole);
  for (const ev::NamedResult& r : evaluation.results)
    if (!r.result.value)
      output.append(records::EventRecord{
          .name = "metric_null", .message = fmt::format("{}: {}", r.name, r.result.reason), .step = step});
}

void record_generations(const ev::Evaluation& evaluation, const SampleSets& sets, const std::string& tag,
                        std::int64_t step, RunOutput& output) {
  for (const SampleSet* set : sets.evaluated()) {
    const auto found = evaluation.generations.find(set->name);
    if (found == evaluation.generations.end()) continue;
    for (std::size_t i = 0; i < found->second.size(); ++i) {
      const data::Sample& sample = set->samples[i];
      output.append(records::GenerationRecord{.tag = tag,
                                              .step = step,
                                              .set = set->name,
                                              .id = sample.id,
                                              .row = sample.row,
                                              .question = sample.question,
                                              .answer = sample.answer,
                                              .generated = found->second[i].text});
    }
  }
}

void write_files(const RunConfig& config, const ev::Evaluation& evaluation,
                 const std::filesystem::path& folder) {
  std::filesystem::create_directories(folder);
  base::write_file_atomically(folder / (config.eval.result_name + "_EVAL.json"),
                              ev::eval_file(evaluation.results));
  base::write_file_atomically(folder / (config.eval.result_name + "_SUMMARY.json"),
                              ev::summary_file(evaluation.results));
}

// A rule without a value is no reason to stop, and silence would look like one that does not hold yet.
void warn_of_nulls(const ev::Formula& formula, const ev::Evaluation& evaluation) {
  std::string reasons;
  for (const ev::NamedResult& r : evaluation.results)
    if (!r.result.value &&
        (formula.names().contains(r.name) || formula.names().contains(ev::label_of(r.column))))
      reasons += fmt::format("; {} is null: {}", r.name, r.result.reason);
  base::warn_once("stop.when",
                  fmt::format("stop.when: {} has no value and stops nothing{}", formula.text(), reasons));
}

}  // namespace

ev::Needs needs_of_evaluation(const RunConfig& config, std::span<const SampleSet* const> sets) {
  if (!config.eval.suite.empty()) return ev::needs_of(ev::entries_of(config.eval.suite));
  const ev::Suite plain = plain_suite(config, sets);
  return ev::needs_of(ev::entries_of(plain));
}

std::size_t looked_at(const RunConfig& config, const SampleSet& set) {
  const auto limit = static_cast<std::size_t>(config.eval.max_samples);
  return limit == 0 ? set.samples.size() : std::min(limit, set.samples.size());
}

void check_evaluation(const RunConfig& config, const SampleSets& sets) {
  const EvalOptions& eval = config.eval;
  if (!eval.reference.empty()) {
    (void)models::resolve_model_path(eval.reference);
    check_reference_model(config, sets);
  }
  if (eval.retain_log.empty()) return;
  const ev::RetainLog log = ev::read_retain_log(eval.retain_log, eval.result_name);
  for (const ev::SuiteEntry& entry : eval.suite) entry.metric->check_retain_log(log);
}

// `measured_names` were asked when the file was read, as if every set had wrong answers.
void check_rules(const RunConfig& config, const SampleSets& sets) {
  ev::Suite plain;
  if (config.eval.suite.empty()) {
    std::vector<ev::PlainSet> all;
    for (const SampleSet* set : sets.evaluated()) all.push_back({set->name, true});
    plain = ev::plain_suite(all, config.eval.generate);
  }
  const ev::Suite& suite = config.eval.suite.empty() ? plain : config.eval.suite;
  const ev::Available available = available_to(config, sets);
  const auto check = [&](const char* key, const std::string& name) {
    if (const auto why = ev::why_null(suite, name, available))
      fail("config.conflict", fmt::format("{}: {} will have no value ({})", key, name, *why),
           "name a metric that this run can measure, or give it what that one needs");
  };
  if (!config.checkpoint.keep_best.empty()) check("checkpoint.keep_best", config.checkpoint.keep_best);
  if (!config.stop.when) return;
  for (const std::string& name : config.stop.when->names()) check("stop.when", name);
}

Aggregates evaluate_sets(const RunConfig& config, Engine& engine, const SampleSets& sets,
                         const std::string& tag, std::int64_t step, RunOutput& output,
                         const std::filesystem::path& folder) {
  const auto start = std::chrono::steady_clock::now();
  ev::Journal journal;
  if (engine.world.rank() == 0)
    journal = ev::Journal(output.paths().journal(tag), identity_of(config, engine, sets, step));
  const ev::Evaluation evaluation = run_suite(config, engine, sets, nullptr, journal);
  const double seconds = seconds_since(start);
  if (engine.world.rank() == 0) {
    record_results(config, evaluation, sets, tag, step, seconds, output);
    record_generations(evaluation, sets, tag, step, output);
    write_files(config, evaluation, folder.empty() ? output.paths().evaluation(tag) : folder);
    if (folder.empty()) journal.remove();  // `lethe eval` keeps it: the same command again measures nothing
  }
  Aggregates all = evaluation.values();
  std::string line;
  for (const SampleSet* set : sets.evaluated())
    if (const auto found = all.find(set->name + ".probability"); found != all.end())
      line += fmt::format("  {} {:.3f}", set->name, found->second);
  if (const double penalty = repetition_penalty(engine); penalty != 1 && !evaluation.generations.empty())
    line += fmt::format("  (generated with repetition_penalty {})", penalty);
  spdlog::info("evaluation {}: answer probability{}  ({:.1f} s)", tag, line, seconds);
  return all;
}

Aggregates evaluations_on_record(const RunConfig& config, const RunOutput& output,
                                 dist::ProcessGroup& world) {
  nlohmann::json found = nlohmann::json::object();
  if (world.rank() == 0)
    for (const auto& evaluation : records::records_of<records::EvaluationRecord>(
             records::read_records(output.paths().records()).entries))
      for (const auto& [name, value] : evaluation.aggregates) {
        if (!std::isfinite(value)) continue;
        const std::string label = evaluation.set == kModelSet ? name : evaluation.set + "." + name;
        found[evaluation.tag + "." + label] = value;
        for (const ev::SuiteEntry& entry : config.eval.suite)  // by its `as` too
          if (ev::label_of(entry.column) == label) found[evaluation.tag + "." + entry.name] = value;
      }
  std::string text = found.dump();
  std::int64_t size = static_cast<std::int64_t>(text.size());
  world.broadcast({&size, 1, dist::DType::i64}, 0);
  text.resize(static_cast<std::size_t>(size));
  world.broadcast({text.data(), text.size(), dist::DType::u8}, 0);
  return nlohmann::json::parse(text).get<Aggregates>();
}

std::optional<double> evaluate_formula(const evaluation::Formula& formula, const RunConfig& config,
                                       Engine& engine, const SampleSets& sets) {
  ev::Journal nowhere;
  const ev::Evaluation evaluation = run_suite(config, engine, sets, &formula.names(), nowhere);
  const std::optional<double> value = formula.value(evaluation.values());
  if (!value) warn_of_nulls(formula, evaluation);
  return value;
}

double mean_probability(const RunConfig& config, Engine& engine, const SampleSets& sets,
                        const SampleSet& set) {
  std::vector<data::Document> documents = set.documents;
  for (data::Document& document : documents) document.unseen_id = unseen_id(config, sets.tokenizer());
  const auto losses =
      inference::mean_losses(inference::token_log_probs(*engine.walk, engine.world, documents));
  double sum = 0;
  for (const double loss : losses) sum += evaluation::answer_probability(loss);
  return sum / static_cast<double>(set.samples.size());
}

}  // namespace lethe::run
