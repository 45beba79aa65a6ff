#include "framework/run/evaluate_sets.h"

#include <chrono>
#include <cmath>

#include "framework/base/log.h"
#include "framework/evaluation/measures/probability.h"
#include "framework/evaluation/measures/rouge.h"
#include "framework/inference/generation.h"
#include "framework/inference/log_likelihood.h"

namespace lethe::run {
namespace {

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

std::vector<double> losses_of(Engine& engine, std::span<const data::Document> documents) {
  return inference::mean_losses(inference::token_log_probs(*engine.walk, engine.world, documents));
}

// Losses of other answers to each sample's question: `answers(sample)` names them; the result is by sample.
template <class Answers>
std::vector<std::vector<double>> losses_of_answers(Engine& engine, const SampleSets& sets,
                                                   const SampleSet& set, const Answers& answers) {
  std::vector<data::TokenizedSample> tokens;
  for (const data::Sample& sample : set.samples)
    for (const std::string& answer : answers(sample))
      tokens.push_back(sets.sample_tokenizer().tokenize(sample.question, answer));
  std::vector<data::Document> documents;
  for (const data::TokenizedSample& t : tokens)
    documents.push_back({.ids = t.ids, .prompt_tokens = t.prompt_tokens});
  const std::vector<double> losses = losses_of(engine, documents);
  std::vector<std::vector<double>> by_sample;
  std::size_t at = 0;
  for (const data::Sample& sample : set.samples) {
    by_sample.emplace_back();
    for (std::size_t i = 0; i < answers(sample).size(); ++i) by_sample.back().push_back(losses[at++]);
  }
  return by_sample;
}

void add_truth_ratios(Engine& engine, const SampleSets& sets, const SampleSet& set,
                      std::vector<records::SampleMetrics>& metrics, std::span<const double> answer_losses) {
  const auto wrong =
      losses_of_answers(engine, sets, set, [](const data::Sample& s) { return s.perturbed_answers; });
  const auto right = losses_of_answers(engine, sets, set, [](const data::Sample& s) {
    return s.paraphrased_answer.empty() ? std::vector<std::string>() : std::vector{s.paraphrased_answer};
  });
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    if (wrong[i].empty()) continue;
    const std::vector<double> correct = right[i].empty() ? std::vector{answer_losses[i]} : right[i];
    metrics[i].values["truth_ratio"] = evaluation::truth_ratio(correct, wrong[i]);
  }
}

// The set's truth ratio as the benchmarks aggregate it: of a set to forget, how alike truth and falsehood
// look; of a set to keep, how sure of the truth.
void aggregate(const std::string& set, const std::vector<records::SampleMetrics>& metrics,
               std::map<std::string, double>& aggregates) {
  std::map<std::string, std::vector<double>> columns;
  for (const records::SampleMetrics& sample : metrics)
    for (const auto& [name, value] : sample.values) columns[name].push_back(value);
  for (const auto& [name, values] : columns) {
    double sum = 0;
    for (const double value : values) sum += value;
    aggregates[name] = sum / static_cast<double>(values.size());
  }
  if (columns.contains("truth_ratio"))
    aggregates["truth_ratio"] = set.starts_with("forget")
                                    ? evaluation::closer_to_1_better(columns["truth_ratio"])
                                    : evaluation::true_better(columns["truth_ratio"]);
}

std::vector<std::string> generate_answers(const RunConfig& config, Engine& engine, const SampleSets& sets,
                                          const SampleSet& set) {
  std::vector<std::vector<std::int32_t>> prompts;
  const auto limit = static_cast<std::size_t>(config.eval.max_generations);
  for (const data::Sample& sample : set.samples) {
    if (limit > 0 && prompts.size() == limit) break;
    prompts.push_back(sets.sample_tokenizer().prompt(sample));
  }
  const inference::GenerationOptions options{.max_new_tokens = config.eval.max_new_tokens,
                                             .batch = config.eval.batch,
                                             .stop_ids = sets.tokenizer().special_tokens().stop_ids};
  std::vector<std::string> texts;
  for (const auto& ids : inference::generate(engine.model, *engine.weights, engine.world, prompts, options))
    texts.push_back(sets.tokenizer().decode(ids, true));
  return texts;
}

void evaluate_one(const RunConfig& config, Engine& engine, const SampleSets& sets, const SampleSet& set,
                  const std::string& tag, std::int64_t step, RunOutput& output, Aggregates& all) {
  const auto start = std::chrono::steady_clock::now();
  records::EvaluationRecord record{.tag = tag, .step = step, .set = set.name};
  const std::vector<double> losses = losses_of(engine, set.documents);
  for (std::size_t i = 0; i < set.samples.size(); ++i)
    record.samples.push_back({.id = set.samples[i].id,
                              .row = set.samples[i].row,
                              .values = {{"probability", evaluation::answer_probability(losses[i])}}});
  add_truth_ratios(engine, sets, set, record.samples, losses);
  const std::vector<std::string> texts =
      config.eval.generate ? generate_answers(config, engine, sets, set) : std::vector<std::string>();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const data::Sample& sample = set.samples[i];
    record.samples[i].values["rougeL_recall"] = evaluation::rouge(sample.answer, texts[i]).rougeL.recall;
    output.append(records::GenerationRecord{.tag = tag,
                                            .step = step,
                                            .set = set.name,
                                            .id = sample.id,
                                            .row = sample.row,
                                            .question = sample.question,
                                            .answer = sample.answer,
                                            .generated = texts[i]});
  }
  aggregate(set.name, record.samples, record.aggregates);
  record.seconds = seconds_since(start);
  for (const auto& [name, value] : record.aggregates) all[set.name + "." + name] = value;
  output.append(record);
}

}  // namespace

Aggregates evaluate_sets(const RunConfig& config, Engine& engine, const SampleSets& sets,
                         const std::string& tag, std::int64_t step, RunOutput& output) {
  const auto start = std::chrono::steady_clock::now();
  Aggregates all;
  for (const SampleSet* set : sets.all()) evaluate_one(config, engine, sets, *set, tag, step, output, all);
  std::string line;
  for (const SampleSet* set : sets.all())
    line += fmt::format("  {} {:.3f}", set->name, all[set->name + ".probability"]);
  spdlog::info("evaluation {}: answer probability{}  ({:.1f} s)", tag, line, seconds_since(start));
  return all;
}

double mean_probability(Engine& engine, const SampleSet& set) {
  double sum = 0;
  for (const double loss : losses_of(engine, set.documents)) sum += evaluation::answer_probability(loss);
  return sum / static_cast<double>(set.samples.size());
}

}  // namespace lethe::run
