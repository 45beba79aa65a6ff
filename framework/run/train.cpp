// `lethe train FILE`: the loop. It reads like the list of what a step does; the parts do the work.
#include <array>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/config/document.h"
#include "framework/optim/adamw.h"
#include "framework/optim/gradient_norm.h"
#include "framework/run/accounting.h"
#include "framework/run/agreement.h"
#include "framework/run/batch_sampling.h"
#include "framework/run/commands.h"
#include "framework/run/device.h"
#include "framework/run/evaluate_sets.h"
#include "framework/run/exact_numbers.h"
#include "framework/run/grid_choice.h"
#include "framework/run/kept_checkpoints.h"
#include "framework/run/nonfinite.h"
#include "framework/run/objective_inputs.h"
#include "framework/run/score_forget_set.h"
#include "framework/run/session.h"
#include "framework/run/stop_rule.h"
#include "framework/run/stragglers.h"
#include "framework/run/timeouts.h"
#include "framework/sharding/device_stream.h"
#include "framework/training/checkpoint.h"
#include "framework/training/flops.h"
#include "framework/training/identity.h"
#include "framework/training/parameter_groups.h"
#include "framework/training/train_step.h"
#include "framework/training/trainable.h"

namespace lethe::run {
namespace {

using Clock = std::chrono::steady_clock;
using Ids = std::vector<std::int64_t>;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Training {
 public:
  Training(config::Section root, const Launch& launch, dist::World& world)
      : accounting_(launch.profile, world),
        launch_(launch),
        config_(config_of_run(root, launch)),
        yaml_(config::effective_yaml(root)),
        ranks_(world),
        world_(world.group()),
        starting_(std::in_place, world, config_.timeouts.init_seconds),
        device_(config_.device, world),
        output_(launch, yaml_, world),
        sets_(config_, tokenizer_directory(config_), cache(), world.group(), launch.command),
        checkpoint_(training::find_checkpoint(output_.paths().checkpoints(), world.group())),
        grid_(grid_of_training(config_, sets_, world, device_.placement().device,
                               stage_of(checkpoint_, world_.size()))),
        engine_(config_, world.group(), sets_.tokenizer().vocab_size(), grid_.shape, device_.placement()),
        gradients_(engine_.model.index, *engine_.grid, gradient_dtype(config_), config_.parallel.prefetch,
                   training::trained_parameters(engine_.model.index, config_.train.trainable),
                   reduction_dtype(config_)),
        optimizer_(config_.train.optimizer, *engine_.weights,
                   training::trained_parameters(engine_.model.index, config_.train.trainable),
                   training::groups_of_parameters(engine_.model.index, config_.train.optimizer.groups)),
        checkpoints_(config_, engine_, optimizer_, output_, world, [this] { return words(); }),
        sampling_(config_, engine_, sets_, output_) {}

  int run() {
    prepare();
    accounting_.measure_peak(engine_.weights->tensor_options(), output_);
    starting_.reset();
    const DeadlineScope deadline(ranks_, config_.timeouts.step_seconds);
    try {
      train();
      finish();
    } catch (const Error& e) {
      if (e.key() != "stopped") throw;
      stop_and_save();
    }
    return 0;
  }

 private:
  // A signal stops it between updates, in a scoring (whose draws are kept) or in an evaluation (whose journal
  // is): always with the whole state after `step_` updates.
  void train() {
    if (checkpoint_) evaluate_where_stopped();
    while (step_ < config_.train.max_steps) {
      stop_where_told(world_, "");
      if (enough()) break;
      sampling_.refresh(step_);
      one_step();
      ++step_;
      checkpoints_.record_written();
      if (config_.checkpoint.every > 0 && step_ % config_.checkpoint.every == 0) save();
      if (evaluates_at_step()) evaluate_step();
    }
    stop_where_told(world_, "");
    checkpoints_.finish();
    phases_.record(step_, world_, output_);
    accounting_.finish(step_, engine_.weights->device(), output_);
  }

  std::filesystem::path cache() const {
    return config_.cache.empty() ? output_.paths().cache() : std::filesystem::path(config_.cache);
  }

  // What a checkpoint and the run that resumes it must share.
  training::Identity identity() const {
    training::Identity parts = {
        {"model", engine_.weights_hash},
        {"config.json", base::hash_text(models::to_config_json(engine_.model.config))},
        {"forget", sets_.forget.store_key},
        {"retain", sets_.retain.store_key},
        {"objective", config_.objective_name},
        {"compute", config_.model.compute},
        {"train.trainable", fmt::format("[{}]", fmt::join(config_.train.trainable, ", "))}};
    parts.merge(inputs_->alternates());
    return parts;
  }

  static std::string tag_of(std::int64_t step) { return fmt::format("step {}", step); }

  // Of forget and retain samples, over all ranks.
  std::int64_t batch_size() const {
    return (inputs_->reads_forget() ? sampling_.forget_size() : 0) +
           (inputs_->reads_retain() ? sampling_.retain_size() : 0);
  }

  void prepare() {
    if (!checkpoint_) output_.refuse_to_start_over();
    if (config_.evaluates()) check_evaluation(config_, sets_);
    check_rules(config_, sets_);
    check_selection(config_, engine_);
    check_sampling(config_, engine_, sets_.forget,
                   !checkpoint_ || !sampling_.has_scores(state_of(*checkpoint_)["sampling"]));
    inputs_.emplace(config_, sets_, engine_, cache(), grid_.shard_group);
    if (checkpoint_) load_checkpoint(*checkpoint_);
    const std::int64_t from = checkpoint_ ? checkpoint_->step : -1;
    output_.rewind_to(from);
    if (checkpoint_) output_.drop_unfinished_evaluations(tag_of(from));
    output_.describe(launch_, config_, yaml_, engine_, sets_, from);
    sampling_.warn_of_small_sets(inputs_->reads_forget(), inputs_->reads_retain());
    warn_of_idle_ranks(batch_size(), world_.size());
    listen_to_signals();
    if (checkpoint_)
      resume(*checkpoint_);
    else
      begin();
  }

  void begin() {
    if (config_.eval.before) (void)evaluate("before");
    sampling_.begin();
  }

  static nlohmann::json state_of(const training::CheckpointInfo& info) {
    return nlohmann::json::parse(info.state);
  }

  void load_checkpoint(const training::CheckpointInfo& info) {
    training::check_identity(info.identity, identity(), info.step, config_.resume.allow_data_change);
    training::load_checkpoint(info, info.identity, *engine_.weights, optimizer_);
  }

  void resume(const training::CheckpointInfo& info) {
    const auto state = state_of(info);
    if (const auto own = numbers_from(state.value("objective", nlohmann::json::array())); !own.empty())
      config_.objective->restore(own);
    training_seconds_before_ = state.value("training_seconds", 0.0);
    seconds_before_ = state.value("seconds", training_seconds_before_);
    step_ = info.step;
    checkpoints_.go_on_from(step_);
    if (step_ > config_.train.max_steps)
      spdlog::warn(
          "train.max_steps: {}, and {} is of step {}: nothing is left to train, and the model is that "
          "step's",
          config_.train.max_steps, info.folder.filename().string(), step_);
    metrics_ = evaluations_on_record(config_, output_, world_);
    sampling_.restore(state["sampling"], step_);
    output_.append(records::EventRecord{.name = "resumed",
                                        .message = fmt::format("from {}", info.folder.filename().string()),
                                        .step = step_});
    spdlog::info("resumed from {} (step {})", info.folder.string(), step_);
  }

  void one_step() {
    const auto start = Clock::now();
    if (dist::Watchdog* watchdog = ranks_.watchdog()) watchdog->set_step(step_ + 1);
    (void)sharding::take_waits();  // of evaluations and scorings between updates
    const auto forget = inputs_->reads_forget() ? sampling_.forget(step_) : Ids{};
    const auto retain = inputs_->reads_retain() ? sampling_.retain(step_) : Ids{};
    const auto items =
        training::batch_items(inputs_->data(), config_.objective->needs(),
                              {.forget = forget, .retain = retain, .seed = config_.seed, .step = step_});
    training::StepResult result = training::compute_gradient(
        *engine_.walk, gradients_, *config_.objective, inputs_->data(), items,
        {.micro_batch = config_.train.micro_batch, .logical_shards = config_.logical_shards()}, world_);
    const double gradient_seconds = seconds_since(start);
    const base::WaitSeconds waits = sharding::take_waits();
    const double norm = optim::global_norm(gradients_);
    if (!std::isfinite(result.loss) || !std::isfinite(norm))
      refuse_nonfinite({.loss = result.loss, .norm = norm, .step = step_ + 1}, engine_, sets_, forget,
                       retain);
    const double rate = config_.train.learning_rate *
                        optim::schedule_factor(config_.train.schedule, step_, config_.train.max_steps);
    const bool count =
        config_.train.count_changes_every > 0 && (step_ + 1) % config_.train.count_changes_every == 0;
    optim::WeightChanges changes;
    const auto update_start = Clock::now();
    optimizer_.step(gradients_, rate, optim::clip_factor(norm, config_.train.clip_norm),
                    count ? &changes : nullptr);
    const double update_seconds = seconds_since(update_start), seconds = seconds_since(start);
    if (count) result.changed_fraction = changed_fraction(changes);
    phases_.add(gradient_seconds, update_seconds, waits);
    result.flop_utilisation = accounting_.utilisation(
        training::update_flops(engine_.model, gradients_, config_.objective->needs(), inputs_->data(), items),
        seconds);
    sampling_.observe(-result.forget_log_prob_mean);
    config_.objective->after_update({.terms = result.terms, .epoch = epochs_done()});
    report_step(result, norm, rate, seconds, forget, retain);
  }

  // Over the shard group, which holds the whole model.
  double changed_fraction(const optim::WeightChanges& mine) const {
    std::array<std::int64_t, 2> counts = {mine.changed, mine.trained};
    engine_.grid->shard_group().all_reduce({counts.data(), counts.size(), dist::DType::i64});
    return static_cast<double>(counts[0]) / static_cast<double>(std::max<std::int64_t>(counts[1], 1));
  }

  // Passes over the forget set (where none of it is read, the retain set), this update included.
  double epochs_done() const {
    const bool forget = inputs_->reads_forget();
    const auto batch = static_cast<double>(forget ? sampling_.forget_size() : sampling_.retain_size());
    const auto& set = forget ? sets_.forget : sets_.retain;
    return static_cast<double>(step_ + 1) * batch / static_cast<double>(set.samples.size());
  }

  void report_step(const training::StepResult& result, double norm, double rate, double seconds,
                   std::span<const std::int64_t> forget, std::span<const std::int64_t> retain) {
    training_seconds_ += seconds;
    ++steps_run_;
    records::StepRecord record{.step = step_ + 1,
                               .loss = result.loss,
                               .terms = result.terms,
                               .learning_rate = rate,
                               .gradient_norm = norm,
                               .changed_fraction = result.changed_fraction,
                               .real_tokens = result.real_tokens,
                               .tokens_per_second = static_cast<double>(result.real_tokens) / seconds,
                               .seconds = seconds,
                               .imbalance = result.imbalance,
                               .model_flop_utilisation = result.flop_utilisation,
                               .forget_ids = sets_.forget.ids(forget),
                               .retain_ids = sets_.retain.ids(retain)};
    output_.append(record);
    const double left = training_seconds_ / static_cast<double>(steps_run_) *
                        static_cast<double>(config_.train.max_steps - step_ - 1);
    std::string terms;
    for (const auto& [name, value] : result.terms) terms += fmt::format("  {} {:.4f}", name, value);
    spdlog::info(
        "step {}/{}  loss {:.4f}{}  |g| {:.2f}  {:.0f} tokens/s  padding 0 %  MFU {:.0f} %  at most {} left",
        step_ + 1, config_.train.max_steps, result.loss, terms, norm, record.tokens_per_second,
        100 * result.flop_utilisation, base::readable_duration(left));
  }

  bool enough() {
    if (!config_.stop.any() || step_ == 0 || step_ % config_.stop.every != 0) return false;
    const std::string reason = reason_to_stop(config_, engine_, sets_);
    if (reason.empty()) return false;
    stopped_because_ = reason;
    spdlog::info("enough: {}", reason);
    return true;
  }

  KeptCheckpoints::Words words() {
    const nlohmann::json state = {{"sampling", sampling_.state()},
                                  {"objective", exact_numbers(config_.objective->state())},
                                  {"training_seconds", training_seconds_before_ + training_seconds_},
                                  {"seconds", seconds()},
                                  {"zero", grid_.shape.zero},
                                  {"ranks", world_.size()}};
    return {.identity = training::identity_text(identity()), .state = state.dump()};
  }

  void save() {
    if (checkpoints_.save(step_)) phases_.record(step_, world_, output_);
  }

  bool evaluates_at_step() const {
    return config_.eval.every > 0 && step_ > 0 && step_ % config_.eval.every == 0;
  }

  void evaluate_step() { checkpoints_.keep_best(step_, evaluate(tag_of(step_))); }

  // A checkpoint is older than the evaluation at its step.
  void evaluate_where_stopped() {
    if (!evaluates_at_step()) return;
    const std::string prefix = tag_of(step_) + ".";
    Aggregates found;
    for (auto at = metrics_.lower_bound(prefix); at != metrics_.end() && at->first.starts_with(prefix); ++at)
      found[at->first.substr(prefix.size())] = at->second;
    if (found.empty())
      evaluate_step();
    else if (found.contains(config_.checkpoint.keep_best))
      checkpoints_.keep_best(step_, found);
  }

  [[noreturn]] void stop_and_save() {
    save();
    checkpoints_.finish();
    fail("stopped", fmt::format("stopped at step {}, state saved; run the same command to go on", step_));
  }

  Aggregates evaluate(const std::string& tag) {
    Aggregates found = evaluate_sets(config_, engine_, sets_, tag, step_, output_);
    for (const auto& [name, value] : found) metrics_[tag + "." + name] = value;
    return found;
  }

  double seconds() const { return seconds_before_ + seconds_since(start_); }

  void export_model() {
    const DeadlineScope deadline(ranks_, config_.timeouts.checkpoint_seconds);
    engine_.export_model(output_.paths().model());
  }

  void say_overhead() {
    const std::string message = sampling_.overhead(training_seconds_before_ + training_seconds_);
    if (message.empty()) return;
    spdlog::info("score: {}", message);
    output_.append(records::EventRecord{.name = "scoring overhead", .message = message, .step = step_});
  }

  void finish() {
    refuse_nonfinite_weights(engine_, step_);
    // The model first: a fault in the last evaluation must not cost the training.
    if (config_.export_model) export_model();
    if (config_.eval.after) (void)evaluate("after");
    output_.append(records::SummaryRecord{.steps = step_,
                                          .seconds = seconds(),
                                          .ended = records::utc_now(),
                                          .stopped_because = stopped_because_,
                                          .model_path = config_.export_model ? "model" : "",
                                          .metrics = metrics_});
    output_.write_exports();
    say_overhead();
    spdlog::info("{} after {} steps, {}", stopped_because_, step_, base::readable_duration(seconds()));
    if (config_.export_model) spdlog::info("model: {}", output_.paths().model().string());
  }

  Accounting accounting_;  // first: it counts what the others allocate
  Launch launch_;
  RunConfig config_;
  std::string yaml_;
  dist::World& ranks_;
  dist::ProcessGroup& world_;
  std::optional<DeadlineScope> starting_;  // until the first update
  ComputeDevice device_;                   // outlives all tensors
  RunOutput output_;
  SampleSets sets_;
  std::optional<training::CheckpointInfo> checkpoint_;  // that the run goes on from
  GridChoice grid_;
  Engine engine_;
  sharding::GradientStore gradients_;
  optim::AdamW optimizer_;
  KeptCheckpoints checkpoints_;
  std::optional<ObjectiveInputs> inputs_;
  BatchSampling sampling_;
  PhaseClock phases_;
  std::int64_t step_ = 0, steps_run_ = 0;
  double training_seconds_ = 0, training_seconds_before_ = 0;  // of updates: here, and in resumed processes
  double seconds_before_ = 0;                                  // of all that those did
  std::map<std::string, double> metrics_;
  std::string stopped_because_ = "all steps are done";
  Clock::time_point start_ = Clock::now();
};

}  // namespace

int train(config::Section root, const Launch& launch, dist::World& world) {
  return Training(root, launch, world).run();
}

}  // namespace lethe::run
