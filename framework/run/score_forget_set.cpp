#include "framework/run/score_forget_set.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <functional>
#include <map>
#include <optional>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/records/reader.h"
#include "framework/run/command_config.h"
#include "framework/run/score_source.h"
#include "framework/run/session.h"
#include "framework/scoring/mrd_checks.h"
#include "framework/scoring/walked_model.h"

namespace lethe::run {
namespace {

void record_scores(const RunConfig& config, const scoring::MrdResult& result, const SampleSet& forget,
                   std::int64_t step, RunOutput& output) {
  output.append_score(records::ScoringRecord{.step = step,
                                             .estimator = result.estimator,
                                             .mode = mode_name(config.score.mrd.mode),
                                             .sigma = result.sigma,
                                             .sigma_eff = result.sigma_eff,
                                             .draws = result.draws,
                                             .num_samples = static_cast<std::int64_t>(result.samples.size()),
                                             .num_unresolved = result.unresolved,
                                             .tv_hat = result.total_variation,
                                             .plain_relative_error = result.plain_relative_error,
                                             .ranking_reliability = result.reliability,
                                             .change = result.c,
                                             .passes = result.passes,
                                             .calibration_passes = result.calibration_passes,
                                             .effective_samples = result.effective_samples,
                                             .seconds = result.seconds});
  for (std::size_t i = 0; i < result.samples.size(); ++i) {
    const scoring::ScoredSample& s = result.samples[i];
    output.append_score(records::ScoreRecord{.step = step,
                                             .id = forget.samples[i].id,
                                             .row = forget.samples[i].row,
                                             .mrd = s.score,
                                             .standard_error = s.standard_error,
                                             .tokens = s.tokens,
                                             .loss = s.loss,
                                             .resolved = s.resolved});
  }
}

// By row: what is to be forgotten is not repeated on terminals and in their logs. At either end three, fewer
// where the set is small; samples whose score is no number are neither.
void say_extremes(const scoring::MrdResult& result, const SampleSet& forget) {
  if (result.effective_samples == 0) {
    spdlog::info("  no sample is told from zero: none is easiest, none hardest");
    return;
  }
  std::vector<std::size_t> order;
  for (std::size_t i = 0; i < result.samples.size(); ++i)
    if (std::isfinite(result.samples[i].score)) order.push_back(i);
  std::ranges::stable_sort(order, std::greater<>(), [&](std::size_t i) { return result.samples[i].score; });
  const auto say = [&](const char* what, std::size_t i) {
    const scoring::ScoredSample& s = result.samples[i];
    spdlog::info("  {} {:.3e} ± {:.1e}  {:3} tokens  row {}", what, s.score, s.standard_error, s.tokens,
                 forget.samples[i].row);
  };
  const std::size_t shown = std::min<std::size_t>(3, order.size() / 2);
  for (std::size_t i = 0; i < shown; ++i) say("easiest", order[i]);
  for (std::size_t i = order.size() - shown; i < order.size(); ++i) say("hardest", order[i]);
}

void say_result(const scoring::MrdResult& r) {
  const std::string at = r.sigma_eff > 0 ? fmt::format(" (measured at {:.1e})", r.sigma_eff) : "";
  const std::string plain =
      std::isfinite(r.plain_relative_error)
          ? fmt::format("; one plain draw would be off by {:.0f} %", 100 * r.plain_relative_error)
          : "";
  spdlog::info(
      "score: {}, sigma {}{}, {} draws in {:.1f} s; weights off by {:.1f} % (expected total variation), "
      "ranking reliable to {:.2f}, {} of {} unresolved{}",
      r.estimator, r.sigma, at, r.draws, r.seconds, 100 * r.total_variation, r.reliability, r.unresolved,
      r.samples.size(), plain);
}

// Goes on where an interrupted scoring of the same things stopped. Every rank reads the same file.
void take_up(scoring::MrdRun& scoring, dist::ProcessGroup& world, const std::filesystem::path& file) {
  std::int64_t there = std::filesystem::exists(file) ? 1 : 0;
  world.all_reduce({&there, 1, dist::DType::i64}, dist::Reduce::min);
  if (there == 0) return;
  scoring::ScoreState state = scoring::load_score_state(file);
  if (!scoring.continues(state)) {
    spdlog::warn("{} is of another scoring and is not used", file.string());
    return;
  }
  spdlog::info("score: goes on after {} draws", state.draws.size());
  if (state.passes == 0)
    spdlog::warn("{} does not say what its draws cost: passes and seconds will be those of the rest",
                 file.string());
  scoring.resume(std::move(state));
}

// Every rank waits until the draws are on disk: none exits before.
[[noreturn]] void stop_and_save(const scoring::MrdRun& scoring, dist::ProcessGroup& world,
                                const std::filesystem::path& file) {
  const std::size_t draws = scoring.state().draws.size();
  if (world.rank() == 0 && draws > 0) scoring::save(scoring.state(), file);
  world.barrier();
  fail("stopped",
       fmt::format("stopped after {} draws of a scoring, saved; run the same command to go on", draws));
}

// Draws until enough. What is there is saved at most once a second, so an interruption costs a second or a
// draw.
void draw_all(scoring::MrdRun& scoring, dist::ProcessGroup& world, const std::filesystem::path& file) {
  using Clock = std::chrono::steady_clock;
  take_up(scoring, world, file);
  if (world.rank() == 0) std::filesystem::create_directories(file.parent_path());
  Clock::time_point saved{};
  listen_to_signals();
  while (!scoring.done()) {
    if (told_to_stop(world)) stop_and_save(scoring, world, file);
    scoring.advance();
    spdlog::info("score: {} draws", scoring.state().draws.size());
    if (world.rank() != 0 || Clock::now() - saved < std::chrono::seconds(1)) continue;
    scoring::save(scoring.state(), file);
    saved = Clock::now();
  }
  if (world.rank() == 0) scoring::save(scoring.state(), file);
}

std::filesystem::path draws_file(const RunOutput& output, std::uint32_t refresh) {
  return output.paths().cache() / fmt::format("scoring-{}.txt", refresh);
}

// Updates done before the first scoring; nothing where there is none: a training run by an unscored sampler
// and a scoring that was cut have an empty file.
std::optional<std::int64_t> first_step(const std::vector<records::Entry>& entries) {
  std::optional<std::int64_t> first;
  for (const auto& record : records::records_of<records::ScoreRecord>(entries))
    first = std::min(first.value_or(record.step), record.step);
  return first;
}

// The last one of those updates: a run that was resumed with other settings may have scored at its start
// again.
std::optional<records::ScoringRecord> first_scoring(const std::vector<records::Entry>& entries) {
  std::optional<records::ScoringRecord> first;
  for (const auto& record : records::records_of<records::ScoringRecord>(entries))
    if (!first || record.step == first->step) first = record;
  return first;
}

// Later scorings of a training run are of a model that has unlearned in part.
std::map<std::string, records::ScoreRecord> first_scores(const std::vector<records::Entry>& entries) {
  const std::optional<std::int64_t> first = first_step(entries);
  std::map<std::string, records::ScoreRecord> by_id;
  for (const auto& record : records::records_of<records::ScoreRecord>(entries))
    if (record.step == first) by_id[record.id] = record;
  return by_id;
}

// `did`: what the source did with its model.
void warn_of_other_model(const records::RunPaths& source, const std::string& model_hash,
                         const std::string& key, const char* did) {
  constexpr std::size_t kShown = 8;
  if (!std::filesystem::exists(source.records())) return;
  const auto runs = records::records_of<records::RunRecord>(records::read_records(source.records()).entries);
  if (runs.empty() || !runs.back().hashes.contains("model")) return;
  const std::string& theirs = runs.back().hashes.at("model");
  if (theirs == model_hash) return;
  base::warn_once(
      "score.source",
      fmt::format("{}: {} {} another model (hash {}… ≠ {}…): what is easy there may not be easy "
                  "here",
                  key, source.root.string(), did, theirs.substr(0, kShown), model_hash.substr(0, kShown)));
}

void check_model(const records::RunPaths& source, const std::string& model_hash, const std::string& key) {
  const auto step = first_step(records::read_records(source.scores()).entries);
  if (!step) return;  // of a resume, which holds the scores
  if (*step > 0)
    base::warn_once("score.source",
                    fmt::format("{}: {} was first scored after {} updates: what is easy there may not "
                                "be easy here",
                                key, source.root.string(), *step));
  warn_of_other_model(source, model_hash, key, "scored");
}

std::optional<records::ScoringRecord> first_scoring(const records::RunPaths& source) {
  return first_scoring(records::read_records(source.scores()).entries);
}

void check_mode(const records::RunPaths& source, const char* mode, const std::string& key) {
  const auto scoring = first_scoring(source);
  if (!scoring || scoring->mode == mode) return;
  fail("config.conflict",
       fmt::format("{}: {} has scores of mode {}, and score.mode is {}", key, source.root.string(),
                   scoring->mode, mode),
       fmt::format("set score.mode: {}, or score again", scoring->mode));
}

void warn_of_other_quantity(const records::RunPaths& source, const std::string& estimator,
                            const std::string& key) {
  const auto scoring = first_scoring(source);
  if (!scoring || quantity_of(scoring->estimator) == quantity_of(estimator)) return;
  base::warn_once(
      "score.source",
      fmt::format("{}: {} has scores by {}, and score.estimator is {}: mean_abs measures the size "
                  "of a gradient, the others MRD, and with eps ratios are clamped",
                  key, source.root.string(), scoring->estimator, estimator));
}

// Means of |f| are not zero by noise, so nothing is taken off them: the public code draws in proportion.
void trust(ForgetScores& scores, const std::string& estimator) {
  if (!is_mrd(estimator)) std::ranges::fill(scores.standard_error, 0.0);
}

// A scoring in which no sample has a weight saw nothing (it was made below the round-off of its arithmetic,
// or all of it is noise): what it measured is no difficulty, and all samples count the same.
void forget_what_was_not_seen(ForgetScores& scores, double effective_samples) {
  if (effective_samples > 0) return;
  std::ranges::fill(scores.score, 0.0);
  std::ranges::fill(scores.standard_error, 0.0);
}

}  // namespace

ForgetScores score_forget_set(const RunConfig& config, Engine& engine, const SampleSets& sets,
                              const ScoringTurn& turn, RunOutput& output) {
  scoring::WalkedModel model(*engine.walk, *engine.weights, engine.world, sets.forget.documents);
  scoring::MrdRun scoring(model, config.score.mrd, turn.refresh, engine.model_hash + sets.forget.store_key,
                          turn.sigma_eff);
  draw_all(scoring, engine.world, draws_file(output, turn.refresh));
  const scoring::MrdResult result = scoring.result();
  for (const std::string& warning : result.warnings) {  // "score.bias: …"
    const std::size_t colon = warning.find(": ");
    base::warn_once(warning.substr(0, colon), warning.substr(std::min(colon + 2, warning.size())));
  }
  say_result(result);
  say_extremes(result, sets.forget);
  record_scores(config, result, sets.forget, turn.step, output);
  ForgetScores scores{.sigma_eff = result.sigma_eff, .seconds = result.seconds};
  for (const scoring::ScoredSample& s : result.samples) {
    scores.score.push_back(s.score);
    scores.standard_error.push_back(s.standard_error);
    scores.loss.push_back(s.loss);
    scores.tokens.push_back(s.tokens);
  }
  trust(scores, result.estimator);
  forget_what_was_not_seen(scores, result.effective_samples);
  return scores;
}

void forget_draws(dist::ProcessGroup& world, const RunOutput& output, std::uint32_t refresh) {
  world.barrier();  // every rank has read the file
  if (world.rank() == 0) std::filesystem::remove(draws_file(output, refresh));
}

void check_selection(const RunConfig& config, const Engine& engine) {
  const auto& select = config.data.select;
  if (!select || select->by == "length") return;
  const records::RunPaths source{select->scores};
  check_model(source, engine.model_hash, "data.forget.select.scores");
  if (select->by == "mrd")
    warn_of_other_quantity(source, config.score.mrd.estimator_identity, "data.forget.select.scores");
}

void check_scoring(const RunConfig& config, const Engine& engine) {
  scoring::check_mrd(config.score.mrd, scoring::precision_of(*engine.weights), engine.model.index);
}

void check_sampling(const RunConfig& config, const Engine& engine, const SampleSet& forget, bool begins) {
  if (!config.sampler->needs().scores || !draws_forget_samples(config)) return;
  const bool measures = config.score.from.empty() || config.score.refresh.policy != "never";
  if (measures) check_scoring(config, engine);
  const records::RunPaths source{config.score.from};
  if (config.score.from.empty() || !(begins || std::filesystem::exists(source.scores()))) return;
  if (begins) (void)scores_from_run(source.root, forget);
  check_model(source, engine.model_hash, "score.from");
  check_mode(source, mode_name(config.score.mrd.mode), "score.from");
  warn_of_other_quantity(source, config.score.mrd.estimator_identity, "score.from");
}

void check_later_run(const RunConfig& config, const Engine& engine) {
  if (!config.score.later.run.empty())
    warn_of_other_model({config.score.later.run}, engine.model_hash, "score.later.run", "trained");
}

ForgetScores scores_from_run(const std::filesystem::path& folder, const SampleSet& forget,
                             const std::string& key) {
  const auto file = records::RunPaths{folder}.scores();
  if (!std::filesystem::exists(file))
    fail("run.missing", fmt::format("{}: {} has no scores.jsonl", key, folder.string()),
         "make it with: lethe score FILE --out " + folder.string());
  const auto entries = records::read_records(file).entries;
  const auto by_id = first_scores(entries);
  if (by_id.empty())
    fail("run.missing", fmt::format("{}: {} holds no scores (was it interrupted?)", key, folder.string()),
         "name a run of `lethe score` that has ended, or a training run whose sampler uses scores");
  const std::optional<records::ScoringRecord> scoring = first_scoring(entries);
  ForgetScores scores{.sigma_eff = scoring ? scoring->sigma_eff : 0};
  for (const data::Sample& sample : forget.samples) {
    const auto found = by_id.find(sample.id);
    if (found == by_id.end())
      fail("score.missing",
           fmt::format("{}: {} has no score of row {} of the forget set", key, folder.string(), sample.row),
           "score the same forget set");
    scores.score.push_back(found->second.mrd);
    scores.standard_error.push_back(found->second.standard_error);
    scores.loss.push_back(found->second.loss);
    scores.tokens.push_back(found->second.tokens);
  }
  if (scoring) {
    trust(scores, scoring->estimator);
    forget_what_was_not_seen(scores, scoring->effective_samples);
  }
  return scores;
}

}  // namespace lethe::run
