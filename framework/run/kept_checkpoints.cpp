#include "framework/run/kept_checkpoints.h"

#include <nlohmann/json.hpp>

#include "framework/base/atomic_file.h"
#include "framework/base/log.h"
#include "framework/run/nonfinite.h"
#include "framework/run/timeouts.h"
#include "framework/sharding/gradient_store.h"
#include "framework/training/trainable.h"

namespace lethe::run {

KeptCheckpoints::KeptCheckpoints(const RunConfig& config, Engine& engine, optim::AdamW& optimizer,
                                 RunOutput& output, dist::World& world, std::function<Words()> words)
    : config_(config),
      engine_(engine),
      optimizer_(optimizer),
      output_(output),
      world_(world),
      words_(std::move(words)),
      writer_(output.paths().checkpoints(), config.checkpoint.keep_last, *engine.weights, optimizer,
              world.group()) {}

bool KeptCheckpoints::save(std::int64_t step) {
  if (writer_.last_step() == step) return false;
  const DeadlineScope deadline(world_, config_.timeouts.checkpoint_seconds);
  refuse_nonfinite_weights(engine_, step);
  base::require_space(output_.paths().root, bytes(), fmt::format("step-{}", step));
  const Words words = words_();
  record(writer_.begin(step, words.identity, words.state));
  return true;
}

void KeptCheckpoints::record_written() { record(writer_.ended()); }

void KeptCheckpoints::finish() {
  const DeadlineScope deadline(world_, config_.timeouts.checkpoint_seconds);
  record(writer_.finish());
}

// Of another metric, or of a checkpoint that is gone, nothing is the best.
void KeptCheckpoints::go_on_from(std::int64_t step) {
  writer_.found(step);
  best_ = training::read_best(output_.paths().checkpoints());
  if (best_ && (best_->metric != config_.checkpoint.keep_best ||
                !std::filesystem::exists(output_.paths().checkpoint(best_->step))))
    best_.reset();
}

void KeptCheckpoints::keep_best(std::int64_t step, const std::map<std::string, double>& metrics) {
  const CheckpointOptions& options = config_.checkpoint;
  if (options.keep_best.empty()) return;
  const auto found = metrics.find(options.keep_best);
  if (found == metrics.end()) {
    base::warn_once(
        "checkpoint.keep_best",
        fmt::format("checkpoint.keep_best: {} is null at step {} (records.jsonl says why), and no "
                    "checkpoint is kept for it",
                    options.keep_best, step));
    return;
  }
  if (!training::is_better(found->second, best_, options.best_is == "lower")) return;
  best_ = {.step = step, .metric = options.keep_best, .value = found->second};
  (void)save(step);
  writer_.mark_best(*best_);
}

// Of the weights, and of two moments where they are trained.
std::uint64_t KeptCheckpoints::bytes() const {
  const models::ParameterIndex& index = engine_.model.index;
  const auto trained =
      sharding::segments_with_trained(index, training::trained_parameters(index, config_.train.trainable));
  const std::uint64_t weight = engine_.weights->master(0).element_size(),
                      moments = 2 * optimizer_.first_moment(0).element_size();
  std::uint64_t bytes = 0;
  for (std::size_t s = 0; s < trained.size(); ++s)
    bytes += index.segments()[s].count * (weight + (trained[s] ? moments : 0));
  return bytes;
}

void KeptCheckpoints::record(const std::optional<training::CheckpointInfo>& written) {
  if (!written) return;
  output_.append(records::CheckpointRecord{.step = written->step,
                                           .path = fmt::format("checkpoints/step-{}", written->step),
                                           .bytes = written->bytes,
                                           .seconds = written->seconds});
}

std::optional<int> stage_of(const std::optional<training::CheckpointInfo>& checkpoint, int ranks) {
  if (!checkpoint) return std::nullopt;
  const auto state = nlohmann::json::parse(checkpoint->state, nullptr, /*allow_exceptions=*/false);
  if (!state.is_object() || state.value("ranks", 0) != ranks) return std::nullopt;
  return state.value("zero", 0);
}

}  // namespace lethe::run
