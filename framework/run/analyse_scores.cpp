#include "framework/run/analyse_scores.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/run/session.h"
#include "framework/run/updates_needed.h"
#include "framework/scoring/characteristic.h"
#include "framework/scoring/relation.h"

namespace lethe::run {
namespace {

struct Column {
  std::string name;
  std::vector<double> values;  // by forget sample
};

// The draws of the scoring itself are on the disk.
void stop_analysis_where_told(dist::ProcessGroup& world) {
  stop_where_told(
      world, "stopped in the analysis of a scoring, whose draws are saved; run the same command to go on");
}

// MRD with only the norm gains moving: a few thousand parameters that rank nearly as all of them do.
Column norms_only(const RunConfig& config, Engine& engine, const SampleSets& sets) {
  scoring::MrdOptions options = config.score.mrd;
  options.scope = "norms";
  options.sigma_eff.reset();
  if (options.estimator == "plain" || options.estimator == "mean_abs")  // noise at the published sigma
    options.estimator = "auto", options.estimator_options = {};
  scoring::WalkedModel model(*engine.walk, *engine.weights, engine.world, sets.forget.documents);
  Column column{"norms_only", {}};
  spdlog::info("analyse: {}", column.name);
  scoring::MrdRun scoring(model, options, 0);
  while (!scoring.done()) {
    stop_analysis_where_told(engine.world);
    scoring.advance();
  }
  const scoring::MrdResult result = scoring.result();
  for (const std::string& warning : result.warnings)
    base::warn_once("score.analyse", column.name + ": " + warning);
  const bool saw_nothing = result.effective_samples == 0;  // its scores are then no difficulty
  for (const scoring::ScoredSample& sample : result.samples)
    column.values.push_back(saw_nothing ? 0 : sample.score);
  return column;
}

// Of a run that came after this scoring, where the configuration names one.
std::vector<Column> later(const RunConfig& config, const Engine& engine, const SampleSet& forget) {
  const LaterOptions& options = config.score.later;
  if (options.run.empty()) return {};
  check_later_run(config, engine);
  std::vector<std::string> ids;
  for (const data::Sample& sample : forget.samples) ids.push_back(sample.id);
  return {{"updates_needed", updates_needed(options.run, options.forgotten_below, ids)}};
}

std::vector<Column> measure(const RunConfig& config, Engine& engine, const SampleSets& sets) {
  std::vector<Column> columns = later(config, engine, sets.forget);
  const inference::TokenLogProbs log_probs =
      inference::token_log_probs(*engine.walk, engine.world, sets.forget.documents);
  std::vector<std::string_view> answers;
  for (const data::Sample& sample : sets.forget.samples) answers.push_back(sample.answer);
  const scoring::characteristics::Inputs inputs{.forget = sets.forget.documents,
                                                .retain = sets.retain.documents,
                                                .answers = answers,
                                                .log_probs = &log_probs,
                                                .walk = engine.walk.get(),
                                                .weights = engine.weights.get(),
                                                .world = &engine.world};
  for (const auto& entry : scoring::characteristics::registry()) {
    stop_analysis_where_told(engine.world);
    spdlog::info("analyse: {}", entry.name);
    columns.push_back({std::string(entry.name), entry.make(inputs)});
  }
  columns.push_back(norms_only(config, engine, sets));
  return columns;
}

// Length and loss, without the one that is asked about.
std::vector<std::span<const double>> controls_for(const std::string& name,
                                                  const std::vector<Column>& columns) {
  std::vector<std::span<const double>> controls;
  for (const Column& column : columns) {
    if (column.name != name && (column.name == "length" || column.name == "loss"))
      controls.emplace_back(column.values);
  }
  return controls;
}

std::vector<records::RelationRow> relate(const std::vector<double>& scores,
                                         const std::vector<Column>& columns) {
  std::vector<records::RelationRow> rows;
  for (const Column& column : columns) {
    const auto raw = scoring::rank_correlation(scores, column.values);
    const auto partial =
        scoring::partial_rank_correlation(scores, column.values, controls_for(column.name, columns));
    const auto means = scoring::quartile_means(scores, column.values);
    rows.push_back({.name = column.name,
                    .rho = raw.rho,
                    .rho_low = raw.low,
                    .rho_high = raw.high,
                    .partial = partial.rho,
                    .partial_low = partial.low,
                    .partial_high = partial.high,
                    .easy_mean = means.easy,
                    .hard_mean = means.hard,
                    .undefined = std::string(raw.undefined),
                    .partial_undefined = std::string(partial.undefined)});
  }
  return rows;
}

std::string correlation(double rho, double low, double high, const std::string& undefined) {
  return std::isfinite(rho) ? fmt::format("{:+.2f} [{:+.2f}, {:+.2f}]", rho, low, high)
                            : fmt::format("\u2013 ({})", undefined);
}

std::string quarter(double mean) { return std::isfinite(mean) ? fmt::format("{:.4g}", mean) : "\u2013"; }

void say(const std::vector<records::RelationRow>& rows) {
  spdlog::info("rank correlation with MRD [95 %]      after length and loss        easy / hard quarter");
  for (const records::RelationRow& r : rows) {
    spdlog::info("  {:20} {:20}   {:20}   {} / {}", r.name,
                 correlation(r.rho, r.rho_low, r.rho_high, r.undefined),
                 correlation(r.partial, r.partial_low, r.partial_high, r.partial_undefined),
                 quarter(r.easy_mean), quarter(r.hard_mean));
  }
}

// By row: what is to be forgotten is not repeated on terminals and in their logs.
void say_quarters(const ForgetScores& scores, const SampleSet& forget) {
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < scores.score.size(); ++i)
    if (std::isfinite(scores.score[i])) order.push_back(i);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return scores.score[i]; });
  if (order.empty() || scores.score[order.front()] == 0) return;  // the scoring saw nothing: all are alike
  const std::size_t shown = std::min<std::size_t>(3, order.size() / 4);
  for (std::size_t k = 0; k < shown; ++k) {
    spdlog::info("  easy: row {}", forget.samples[order[k]].row);
    spdlog::info("  hard: row {}", forget.samples[order[order.size() - 1 - k]].row);
  }
}

}  // namespace

void check_analysis(const RunConfig& config, const Engine& engine, const SampleSets& sets) {
  (void)later(config, engine, sets.forget);
}

void analyse_scores(const RunConfig& config, Engine& engine, const SampleSets& sets,
                    const ForgetScores& scores, RunOutput& output) {
  const auto start = std::chrono::steady_clock::now();
  const std::vector<Column> columns = measure(config, engine, sets);
  records::AnalysisRecord record{.relations = relate(scores.score, columns)};
  for (std::size_t i = 0; i < sets.forget.samples.size(); ++i) {
    records::SampleMetrics& sample = record.samples.emplace_back(
        records::SampleMetrics{.id = sets.forget.samples[i].id, .row = sets.forget.samples[i].row});
    sample.values["mrd"] = scores.score[i];
    for (const Column& column : columns) sample.values[column.name] = column.values[i];
  }
  say(record.relations);
  say_quarters(scores, sets.forget);
  record.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  output.append_score(record);
}

}  // namespace lethe::run
