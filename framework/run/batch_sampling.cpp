#include "framework/run/batch_sampling.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "framework/base/log.h"
#include "framework/base/statistics.h"
#include "framework/base/text.h"
#include "framework/run/command_config.h"
#include "framework/run/exact_numbers.h"
#include "framework/run/score_source.h"

namespace lethe::run {
namespace {

std::int64_t updates_of_an_epoch(const RunConfig& config, const SampleSet& forget) {
  const std::int64_t batch = std::max<std::int64_t>(config.train.forget_batch, 1);
  return (static_cast<std::int64_t>(forget.samples.size()) + batch - 1) / batch;
}

// A campaign may set the refresh for all of its samplers, so this is no error.
void warn_of_idle_refresh(const RunConfig& config) {
  const std::string& policy = config.score.refresh.policy;
  if (policy == "never" || config.sampler->needs().scores) return;
  base::warn_once(
      "score.refresh",
      fmt::format("score.refresh: {} does nothing, because the sampler `{}` uses no scores; leave "
                  "it out, or set sampler: mrd",
                  policy, config.sampler_name));
}

sampling::Needs needs_of(const RunConfig& config) {
  return draws_forget_samples(config) ? config.sampler->needs() : sampling::Needs{};
}

bool is_idle(const RunConfig& config) {
  const sampling::Needs needs = config.sampler->needs();
  return (needs.scores || needs.losses) && !draws_forget_samples(config);
}

// A campaign may set the sampler for all of its stages.
void warn_of_idle_sampler(const RunConfig& config) {
  const std::string why = config.data.exclude == "forget" ? "data.exclude: forget"
                          : config.train.forget_batch == 0
                              ? "train.forget_batch: 0"
                              : fmt::format("objective `{}`", config.objective_name);
  base::warn_once(
      "config.sampler",
      fmt::format("the sampler `{}` does nothing, because updates read no forget sample ({}): the "
                  "forget set is not measured for it; leave it out",
                  config.sampler_name, why));
}

void warn_of_idle_looks(const RunConfig& config) {
  if (config.score.look_every == 0) return;
  base::warn_once("score.look_every",
                  fmt::format("score.look_every: {} does nothing: the sampler `{}` draws by no losses, and "
                              "score.refresh: {} needs no look at them; leave it out",
                              config.score.look_every, config.sampler_name, config.score.refresh.policy));
}

// Losses that are looked at only before the first update.
void warn_of_one_look(const RunConfig& config, std::int64_t span) {
  if (config.train.max_steps > span) return;
  base::warn_once("score.look_every",
                  fmt::format("the sampler `{}` looks at the losses every {} updates, and the run has {}: it "
                              "draws by those of the start all along; set score.look_every",
                              config.sampler_name, span, config.train.max_steps));
}

// Scores that stay those of the start, as asked or because the run is too short.
void say_where_scores_stay(const RunConfig& config, std::int64_t earliest) {
  const training::RefreshOptions& refresh = config.score.refresh;
  if (refresh.policy == "never")
    return spdlog::info(
        "score: the scores of the start are kept (score.refresh: never); they go stale as losses grow "
        "(docs/mrd.md)");
  if (earliest < config.train.max_steps) return;
  base::warn_once(
      "score.refresh",
      fmt::format("score.refresh: {} scores again after {} updates at the earliest, and the run has {}: "
                  "the scores of the start are kept; {}",
                  refresh.policy, earliest, config.train.max_steps,
                  refresh.policy == "loss" ? "set score.refresh.at_least (and score.look_every)"
                                           : "make score.refresh.every smaller"));
}

// Of weights that change from update to update: one an epoch, and at most 16 over the run beside those that
// scorings and looks at the losses bring.
std::int64_t updates_of_a_record(const RunConfig& config, std::int64_t epoch) {
  constexpr std::int64_t kRecords = 16;
  return std::max(epoch, (config.train.max_steps + kRecords - 1) / kRecords);
}

std::vector<std::int64_t> draw(const sampling::Sampler& sampler, std::int64_t step, std::int64_t size) {
  if (size == 0) return {};
  return sampler.batch(static_cast<std::uint64_t>(step), size);
}

void warn_of_small_set(const char* key, std::int64_t size, const SampleSet& set,
                       const sampling::Sampler& sampler) {
  const auto count = static_cast<std::int64_t>(set.samples.size());
  if (size <= count || sampler.with_replacement()) return;
  base::warn_once(
      "config.batch",
      fmt::format("train.{}: {} of a set of {} without replacement: every update takes all {}; make "
                  "it smaller, or let samples repeat (replacement: true)",
                  key, size, count, count));
}

// Of a forget token, nats, from the mean loss and the tokens of each sample.
double mean_loss(const std::vector<double>& losses, const std::vector<std::int64_t>& tokens) {
  double sum = 0, count = 0;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    if (!std::isfinite(losses[i])) continue;
    sum += losses[i] * static_cast<double>(tokens[i]);
    count += static_cast<double>(tokens[i]);
  }
  return sum / count;
}

// Does an update tell the mean loss of its forget samples? Not where the objective reads something else of
// them, or log p at other positions than those that a scoring reads, or hides tokens from attention.
bool batches_tell_the_loss(const objectives::Needs& needs) {
  const objectives::RoleNeeds& forget = needs[objectives::Role::forget];
  return std::ranges::count(forget.statistics, "log_prob") > 0 && forget.rows == data::Rows::answer &&
         forget.skip == 0 && !forget.padded && !needs.openunlearning;
}

bool looks_for_refresh(const RunConfig& config) {
  return config.score.refresh.policy == "loss" && needs_of(config).scores &&
         !batches_tell_the_loss(config.objective->needs());
}

// Where each sample of the set stood when `ids` were saved. Nothing where one was not there: scores of two
// models cannot be compared, so a set is scored as a whole. (Checkpoints without ids say nothing either.)
std::optional<std::vector<std::size_t>> places_in(const std::vector<std::string>& ids, const SampleSet& set) {
  std::unordered_map<std::string_view, std::size_t> place;
  for (std::size_t i = 0; i < ids.size(); ++i) place.try_emplace(ids[i], i);
  std::vector<std::size_t> places;
  for (const data::Sample& sample : set.samples) {
    const auto found = place.find(sample.id);
    if (found == place.end()) return std::nullopt;
    places.push_back(found->second);
  }
  return places;
}

template <class T>
std::vector<T> taken(const std::vector<T>& values, const std::optional<std::vector<std::size_t>>& places) {
  std::vector<T> chosen;
  if (values.empty() || !places) return chosen;
  for (const std::size_t place : *places) chosen.push_back(values.at(place));
  return chosen;
}

}  // namespace

BatchSampling::BatchSampling(const RunConfig& config, Engine& engine, const SampleSets& sets,
                             RunOutput& output)
    : config_(config),
      engine_(engine),
      sets_(sets),
      output_(output),
      needs_(needs_of(config)),
      idle_(is_idle(config)),
      epoch_(updates_of_an_epoch(config, sets.forget)),
      look_span_(config.score.look_every > 0 ? config.score.look_every : epoch_),
      record_span_(updates_of_a_record(config, epoch_)),
      refresh_(config.score.refresh, epoch_),
      refresh_looks_(looks_for_refresh(config)) {
  if (idle_) {
    warn_of_idle_sampler(config);
    return;
  }
  warn_of_idle_refresh(config);
  if (needs_.losses) warn_of_one_look(config, look_span_);
  if (!needs_.losses && !refresh_looks_) warn_of_idle_looks(config);
  const bool waits_for_a_look = refresh_looks_ && config.score.refresh.at_most == 0;
  const std::int64_t earliest = std::max(refresh_.earliest(), waits_for_a_look ? look_span_ : 0);
  if (needs_.scores) say_where_scores_stay(config, earliest);
}

void BatchSampling::begin() {
  if (needs_.scores) find_scores(0);
  if (needs_.losses) losses_ = look_at_losses();
  update(0);
}

// Of another run where the configuration names one.
void BatchSampling::find_scores(std::int64_t step) {
  if (config_.score.from.empty()) return measure(step);
  scores_ = scores_from_run(config_.score.from, sets_.forget);
  refresh_.scored(step, mean_loss(scores_.loss, scores_.tokens));
}

// Losses take one forward: cheap enough to be looked at often whatever the scores do.
void BatchSampling::refresh(std::int64_t step) {
  if (step == 0) return;
  const bool looks = step % look_span_ == 0, losses = needs_.losses && looks;
  if (losses) losses_ = look_at_losses();
  if (refresh_looks_ && looks) refresh_.look(mean_loss(look_at_losses(), scores_.tokens));
  const bool scores = needs_.scores && refresh_.due(step);
  if (scores) measure(step);
  if (scores || losses)
    update(step);
  else if (starts_record(step))
    record(step);
}

void BatchSampling::measure(std::int64_t step) {
  scores_ = score_forget_set(config_, engine_, sets_,
                             {.refresh = refreshes_, .step = step, .sigma_eff = scores_.sigma_eff}, output_);
  forget_draws(engine_.world, output_, refreshes_++);
  scoring_seconds_ += scores_.seconds;
  refresh_.scored(step, mean_loss(scores_.loss, scores_.tokens));
}

std::vector<double> BatchSampling::look_at_losses() {
  const auto start = std::chrono::steady_clock::now();
  std::vector<double> losses = inference::mean_losses(
      inference::token_log_probs(*engine_.walk, engine_.world, sets_.forget.documents));
  scoring_seconds_ += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  ++looks_;
  return losses;
}

void BatchSampling::observe(double forget_loss) {
  if (!refresh_looks_) refresh_.observe(forget_loss);
}

void BatchSampling::update(std::int64_t step) {
  sampling::SamplerInputs inputs{.count = static_cast<std::int64_t>(sets_.forget.samples.size()),
                                 .seed = config_.seed,
                                 .total_steps = static_cast<std::uint64_t>(config_.train.max_steps)};
  inputs.scores = scores_.score;
  inputs.score_errors = scores_.standard_error;
  inputs.tokens = scores_.tokens;  // those that were scored
  inputs.losses = losses_;
  config_.retain_sampler->update({.count = static_cast<std::int64_t>(sets_.retain.samples.size()),
                                  .seed = config_.seed,
                                  .stream = base::Stream::data_order});
  if (idle_) return;
  config_.sampler->update(inputs);
  record(step);
}

// A sampler that asks for the length of the run changes its weights over it.
bool BatchSampling::starts_record(std::int64_t step) const {
  return needs_.total_steps && step % record_span_ == 0;
}

// Updates before the next record, as far as it is known: a growth of the loss may bring one sooner.
std::int64_t BatchSampling::end_of_record(std::int64_t step) const {
  std::int64_t end = std::min((step / record_span_ + 1) * record_span_, config_.train.max_steps);
  if (needs_.losses) end = std::min(end, (step / look_span_ + 1) * look_span_);
  if (needs_.scores && refresh_.latest() < end)
    end = std::min(end, refresh_.state().scored_at + refresh_.latest());
  return std::max(end, step + 1);
}

// What a record made after `step` updates says: the mean until the next one.
sampling::Weights BatchSampling::weights_from(std::int64_t step) const {
  const auto at = [&](std::int64_t s) { return config_.sampler->weights(static_cast<std::uint64_t>(s)); };
  sampling::Weights mean = at(step);
  if (!needs_.total_steps) return mean;
  const std::int64_t end = end_of_record(step);
  for (std::int64_t s = step + 1; s < end; ++s) {
    const auto now = at(s);
    for (std::size_t i = 0; i < now.probability.size(); ++i) mean.probability[i] += now.probability[i];
  }
  for (double& p : mean.probability) p /= static_cast<double>(end - step);
  mean.effective_samples = base::effective_sample_size(mean.probability);
  return mean;
}

void BatchSampling::record(std::int64_t step) {
  const sampling::Weights weights = weights_from(step);
  records::SamplerRecord record{.step = step,
                                .name = config_.sampler_name,
                                .with_replacement = config_.sampler->with_replacement(),
                                .effective_samples = weights.effective_samples};
  for (std::size_t i = 0; i < weights.probability.size(); ++i)
    record.weights.push_back({.id = sets_.forget.samples[i].id,
                              .row = sets_.forget.samples[i].row,
                              .probability = weights.probability[i]});
  output_.append(record);
}

std::int64_t BatchSampling::forget_size() const {
  return config_.sampler->drawn(config_.train.forget_batch,
                                static_cast<std::int64_t>(sets_.forget.samples.size()));
}

std::int64_t BatchSampling::retain_size() const {
  return config_.retain_sampler->drawn(config_.train.retain_batch,
                                       static_cast<std::int64_t>(sets_.retain.samples.size()));
}

std::vector<std::int64_t> BatchSampling::forget(std::int64_t step) const {
  return draw(*config_.sampler, step, forget_size());
}

std::vector<std::int64_t> BatchSampling::retain(std::int64_t step) const {
  return draw(*config_.retain_sampler, step, retain_size());
}

void BatchSampling::warn_of_small_sets(bool reads_forget, bool reads_retain) const {
  if (reads_retain && config_.train.retain_batch == 0 && config_.objective->unlearns())
    base::warn_once(
        "config.batch",
        fmt::format("train.retain_batch: 0: objective `{}` reads retain samples and gets none, so "
                    "nothing holds what is to be kept",
                    config_.objective_name));
  if (reads_forget)
    warn_of_small_set("forget_batch", config_.train.forget_batch, sets_.forget, *config_.sampler);
  if (reads_retain)
    warn_of_small_set("retain_batch", config_.train.retain_batch, sets_.retain, *config_.retain_sampler);
}

nlohmann::json BatchSampling::state() const {
  nlohmann::json ids = nlohmann::json::array();
  for (const data::Sample& sample : sets_.forget.samples) ids.push_back(sample.id);
  return {{"samples", ids},
          {"score", exact_numbers(scores_.score)},
          {"standard_error", exact_numbers(scores_.standard_error)},
          {"tokens", scores_.tokens},
          {"sigma_eff", exact_number(scores_.sigma_eff)},
          {"score_source", score_source(config_)},
          {"losses", exact_numbers(losses_)},
          {"refreshes", refreshes_},
          {"looks", looks_},
          {"scoring_seconds", scoring_seconds_},
          {"scored_at", refresh_.state().scored_at},
          {"forget_loss_baseline", exact_number(refresh_.state().baseline)},
          {"forget_loss_running", exact_number(refresh_.state().running)},
          {"forget_loss_batches", refresh_.state().seen}};
}

bool BatchSampling::has_scores(const nlohmann::json& state) const {
  return !state.at("score").empty() &&
         places_in(state.value("samples", std::vector<std::string>()), sets_.forget) &&
         difference(state.value("score_source", nlohmann::json::object()), config_).empty();
}

void BatchSampling::restore(const nlohmann::json& state, std::int64_t step) {
  const auto places = places_in(state.value("samples", std::vector<std::string>()), sets_.forget);
  scores_ = {.score = taken(numbers_from(state.at("score")), places),
             .standard_error = taken(numbers_from(state.at("standard_error")), places),
             .tokens = taken(state.at("tokens").get<std::vector<std::int64_t>>(), places),
             .sigma_eff = number_from(state.value("sigma_eff", nlohmann::json(0.0)))};
  losses_ = taken(numbers_from(state.at("losses")), places);
  refreshes_ = state.at("refreshes");
  looks_ = state.value("looks", std::int64_t{0});
  scoring_seconds_ = state.value("scoring_seconds", 0.0);
  refresh_.restore({.scored_at = state.at("scored_at"),
                    .baseline = number_from(state.at("forget_loss_baseline")),
                    .running = number_from(state.at("forget_loss_running")),
                    .seen = state.at("forget_loss_batches")});
  output_.rewind_scorings(refreshes_);
  drop_scores_of_other_settings(state.value("score_source", nlohmann::json::object()));
  if (needs_.scores && scores_.score.empty()) find_scores(step);
  if (needs_.losses && losses_.empty()) losses_ = look_at_losses();
  update(step);
}

// The sampler divides, or does not, by what they were made of.
void BatchSampling::drop_scores_of_other_settings(const nlohmann::json& source) {
  const std::string changed = difference(source, config_);
  if (changed.empty() || scores_.score.empty()) return;
  scores_ = {};
  if (needs_.scores)
    base::warn_once(
        "score.source",
        fmt::format("{}: the checkpoint's scores are not used, and the forget set {}", changed,
                    config_.score.from.empty() ? "is scored again" : "has those of " + config_.score.from));
}

std::string BatchSampling::overhead(double training_seconds) const {
  std::vector<std::string> what;
  if (refreshes_ > 0) what.push_back(fmt::format("{} scorings", refreshes_));
  if (looks_ > 0) what.push_back(fmt::format("{} looks at the losses", looks_));
  if (what.empty() || training_seconds == 0) return "";
  return fmt::format("{} took {}, {:.0f} % of the training time ({})", base::join(what, " and "),
                     base::readable_duration(scoring_seconds_), 100 * scoring_seconds_ / training_seconds,
                     base::readable_duration(training_seconds));
}

}  // namespace lethe::run
