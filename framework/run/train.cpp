// `lethe train FILE`: the loop. It reads like the list of what a step does; the parts do the work.
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/config/document.h"
#include "framework/inference/reference_log_probs.h"
#include "framework/optim/adamw.h"
#include "framework/optim/gradient_norm.h"
#include "framework/run/commands.h"
#include "framework/run/evaluate_sets.h"
#include "framework/run/score_forget_set.h"
#include "framework/run/session.h"
#include "framework/training/checkpoint.h"
#include "framework/training/train_step.h"

namespace lethe::run {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

class Training {
 public:
  Training(config::Section root, const Launch& launch, dist::World& world)
      : launch_(launch),
        config_(read_run_config(root)),
        yaml_(config::effective_yaml(root)),
        world_(world.group()),
        output_(launch, yaml_, world),
        sets_(config_, tokenizer_directory(config_), cache(), world.group()),
        engine_(config_, world.group(), sets_.tokenizer().vocab_size()),
        gradients_(engine_.model.index, *engine_.grid,
                   config_.model.compute == "float64" ? at::kDouble : at::kFloat, config_.parallel.prefetch),
        optimizer_(config_.train.optimizer, *engine_.weights) {}

  int run() {
    prepare();
    listen_to_signals();
    for (; step_ < config_.train.max_steps; ++step_) {
      if (told_to_stop(world_)) return stop_and_save();
      if (enough()) break;
      refresh_scores();
      one_step();
      if (config_.checkpoint.every > 0 && (step_ + 1) % config_.checkpoint.every == 0) save(step_ + 1);
      if (config_.eval.every > 0 && (step_ + 1) % config_.eval.every == 0)
        evaluate(fmt::format("step {}", step_ + 1), step_ + 1);
    }
    finish();
    return 0;
  }

 private:
  std::filesystem::path cache() const {
    return config_.cache.empty() ? output_.paths().cache() : std::filesystem::path(config_.cache);
  }

  // What a checkpoint and the run that resumes it must share.
  std::string identity() const {
    return base::Hasher()
        .add(engine_.model_hash)
        .add(sets_.forget.store_key)
        .add(sets_.retain.store_key)
        .add(config_.objective_name)
        .add(config_.model.compute)
        .hex();
  }

  void prepare() {
    const auto checkpoint = training::find_checkpoint(output_.paths().checkpoints(), world_);
    output_.describe(launch_, config_, yaml_, engine_, sets_, checkpoint ? checkpoint->step : -1);
    data_.documents[0] = sets_.forget.documents;
    data_.documents[1] = sets_.retain.documents;
    if (config_.objective->needs().reference_log_prob) {
      reference_ = inference::reference_log_probs(
          cache(),
          {.model = engine_.model_hash, .tokens = sets_.forget.store_key, .compute = config_.model.compute},
          *engine_.walk, world_, sets_.forget.documents);
      data_.forget_reference = &reference_;
    }
    if (checkpoint)
      resume(*checkpoint);
    else
      begin();
  }

  void begin() {
    output_.rewind_to(-1);
    output_.describe(launch_, config_, yaml_, engine_, sets_, -1);
    if (config_.eval.before) evaluate("before", 0);
    update_samplers(
        config_.sampler->needs().scores
            ? (config_.score.from.empty() ? measure(0) : scores_from_run(config_.score.from, sets_.forget))
            : ForgetScores{});
  }

  void resume(const training::CheckpointInfo& info) {
    training::load_checkpoint(info, identity(), *engine_.weights, optimizer_);
    const auto state = nlohmann::json::parse(info.state);
    scores_.score = state["score"].get<std::vector<double>>();
    scores_.standard_error = state["standard_error"].get<std::vector<double>>();
    scores_.tokens = state["tokens"].get<std::vector<std::int64_t>>();
    refreshes_ = state["refreshes"];
    step_ = info.step;
    update_samplers(scores_);
    output_.rewind_to(step_);
    output_.append(records::EventRecord{.name = "resumed",
                                        .message = fmt::format("from {}", info.folder.filename().string()),
                                        .step = step_});
    spdlog::info("resumed from {} (step {})", info.folder.string(), step_);
  }

  ForgetScores measure(std::int64_t step) {
    return score_forget_set(config_, engine_, sets_, refreshes_++, step, output_);
  }

  void refresh_scores() {
    const std::int64_t every = config_.score.refresh_every;
    if (every == 0 || step_ == 0 || step_ % every != 0 || !config_.sampler->needs().scores) return;
    update_samplers(measure(step_));
  }

  void update_samplers(ForgetScores scores) {
    scores_ = std::move(scores);
    sampling::SamplerInputs inputs{.count = static_cast<std::int64_t>(sets_.forget.samples.size()),
                                   .seed = config_.seed,
                                   .total_steps = static_cast<std::uint64_t>(config_.train.max_steps)};
    inputs.scores = scores_.score;
    inputs.score_errors = scores_.standard_error;
    for (const data::Document& document : sets_.forget.documents)
      inputs.tokens.push_back(document.scored_tokens());
    if (config_.sampler->needs().losses)
      inputs.losses =
          inference::mean_losses(inference::token_log_probs(*engine_.walk, world_, sets_.forget.documents));
    config_.sampler->update(inputs);
    config_.retain_sampler->update({.count = static_cast<std::int64_t>(sets_.retain.samples.size()),
                                    .seed = config_.seed,
                                    .stream = base::Stream::data_order});
    record_sampler();
  }

  void record_sampler() {
    const sampling::Weights weights = config_.sampler->weights(static_cast<std::uint64_t>(step_));
    records::SamplerRecord record{
        .step = step_, .name = config_.sampler_name, .effective_samples = weights.effective_samples};
    for (std::size_t i = 0; i < weights.probability.size(); ++i)
      record.weights.push_back({.id = sets_.forget.samples[i].id,
                                .row = sets_.forget.samples[i].row,
                                .probability = weights.probability[i]});
    output_.append(record);
  }

  void one_step() {
    const auto start = Clock::now();
    const auto draw = [&](const sampling::Sampler& sampler, std::int64_t size, std::size_t count) {
      return size == 0 ? std::vector<std::int64_t>()
                       : sampler.batch(static_cast<std::uint64_t>(step_),
                                       std::min(size, static_cast<std::int64_t>(count)));
    };
    const auto forget = draw(*config_.sampler, config_.train.forget_batch, sets_.forget.samples.size());
    const auto retain =
        draw(*config_.retain_sampler, config_.objective->needs().retain ? config_.train.retain_batch : 0,
             sets_.retain.samples.size());
    const auto items = training::batch_items(data_, forget, retain);
    const training::StepResult result = training::compute_gradient(
        *engine_.walk, gradients_, *config_.objective, data_, items, config_.train.micro_batch, world_);
    const double norm = optim::global_norm(gradients_);
    refuse_nonfinite(result.loss, norm, forget);
    const double rate = config_.train.learning_rate *
                        optim::schedule_factor(config_.train.schedule, step_, config_.train.max_steps);
    optimizer_.step(gradients_, rate, optim::clip_factor(norm, config_.train.clip_norm));
    report_step(result, norm, rate, seconds_since(start), forget, retain);
  }

  void refuse_nonfinite(double loss, double norm, std::span<const std::int64_t> forget) const {
    if (std::isfinite(loss) && std::isfinite(norm)) return;
    fail("num.nonfinite",
         fmt::format("loss {} and gradient norm {} at step {}, forget samples {}", loss, norm, step_ + 1,
                     fmt::join(forget, ", ")),
         "lower train.learning_rate, or compute in float32");
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
                               .real_tokens = result.real_tokens,
                               .tokens_per_second = static_cast<double>(result.real_tokens) / seconds,
                               .seconds = seconds,
                               .forget_ids = sets_.forget.ids(forget),
                               .retain_ids = sets_.retain.ids(retain)};
    output_.append(record);
    const double left = training_seconds_ / static_cast<double>(steps_run_) *
                        static_cast<double>(config_.train.max_steps - step_ - 1);
    std::string terms;
    for (const auto& [name, value] : result.terms) terms += fmt::format("  {} {:.4f}", name, value);
    spdlog::info("step {}/{}  loss {:.4f}{}  |g| {:.2f}  {:.0f} tokens/s  at most {} left", step_ + 1,
                 config_.train.max_steps, result.loss, terms, norm, record.tokens_per_second,
                 base::readable_duration(left));
  }

  bool enough() {
    if (!config_.stop.any() || step_ == 0 || step_ % config_.stop.every != 0) return false;
    const StopOptions& stop = config_.stop;
    if (stop.when && evaluate_formula(*stop.when, config_, engine_, sets_).value_or(0) != 0)
      return because(fmt::format("{} holds", stop.when->text()));
    if (!stop.forget_probability_below && !stop.forget_probability_above) return false;
    const double forget = mean_probability(engine_, sets_.forget);
    if (stop.forget_probability_below && forget < *stop.forget_probability_below)
      return because(
          fmt::format("forget probability {:.3f} is below {}", forget, *stop.forget_probability_below));
    if (stop.forget_probability_above && forget > *stop.forget_probability_above) {
      const double retain = stop.retain_probability_above ? mean_probability(engine_, sets_.retain) : 1.0;
      if (retain > stop.retain_probability_above.value_or(0))
        return because(
            fmt::format("forget probability {:.3f} is above {}", forget, *stop.forget_probability_above));
    }
    return false;
  }

  bool because(std::string reason) {
    stopped_because_ = std::move(reason);
    spdlog::info("enough: {}", stopped_because_);
    return true;
  }

  void save(std::int64_t step) {
    const auto start = Clock::now();
    const nlohmann::json state = {{"score", scores_.score},
                                  {"standard_error", scores_.standard_error},
                                  {"tokens", scores_.tokens},
                                  {"refreshes", refreshes_}};
    const auto info =
        training::save_checkpoint(output_.paths().checkpoints(), step, identity(), state.dump(),
                                  *engine_.weights, optimizer_, world_, config_.checkpoint.keep);
    output_.append(records::CheckpointRecord{.step = step,
                                             .path = fmt::format("checkpoints/step-{}", step),
                                             .bytes = info.bytes,
                                             .seconds = seconds_since(start)});
  }

  int stop_and_save() {
    save(step_);
    world_.barrier();  // every rank's save is done before any exits
    fail("stopped", fmt::format("stopped at step {}, state saved; run the same command to go on", step_));
  }

  void evaluate(const std::string& tag, std::int64_t step) {
    for (const auto& [name, value] : evaluate_sets(config_, engine_, sets_, tag, step, output_))
      metrics_[tag + "." + name] = value;
  }

  void finish() {
    if (config_.eval.after) evaluate("after", step_);
    if (config_.export_model) engine_.export_model(output_.paths().model());
    output_.append(records::SummaryRecord{.steps = step_,
                                          .seconds = seconds_since(start_),
                                          .ended = records::utc_now(),
                                          .stopped_because = stopped_because_,
                                          .model_path = config_.export_model ? "model" : "",
                                          .metrics = metrics_});
    output_.write_exports();
    spdlog::info("{} after {} steps, {}", stopped_because_, step_,
                 base::readable_duration(seconds_since(start_)));
    if (config_.export_model) spdlog::info("model: {}", output_.paths().model().string());
  }

  Launch launch_;
  RunConfig config_;
  std::string yaml_;
  dist::ProcessGroup& world_;
  RunOutput output_;
  SampleSets sets_;
  Engine engine_;
  sharding::GradientStore gradients_;
  optim::AdamW optimizer_;
  training::TrainingData data_;
  inference::TokenLogProbs reference_;
  ForgetScores scores_;
  std::uint32_t refreshes_ = 0;
  std::int64_t step_ = 0, steps_run_ = 0;
  double training_seconds_ = 0;
  std::map<std::string, double> metrics_;
  std::string stopped_because_ = "all steps are done";
  Clock::time_point start_ = Clock::now();
};

}  // namespace

int train(config::Section root, const Launch& launch, dist::World& world) {
  return Training(root, launch, world).run();
}

}  // namespace lethe::run
