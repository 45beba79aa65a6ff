// Which samples a run's batches hold: its two samplers, the scores and losses that feed them, and when these
// are measured again. All of it is a function of the records and the seed, so every rank draws the same batch
// without a message, and a resumed run goes on with the batches that it would have drawn.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <vector>

#include "framework/run/score_forget_set.h"
#include "framework/training/refresh.h"

namespace lethe::run {

class BatchSampling {
 public:
  // All must outlive it. The samplers are the configuration's.
  BatchSampling(const RunConfig& config, Engine& engine, const SampleSets& sets, RunOutput& output);

  // The first scores and losses, where the sampler asks for them and updates draw from the forget set.
  // Collective.
  void begin();
  // The same again where they are due before update `step` (from 0). Collective.
  void refresh(std::int64_t step);
  // After an update: the mean loss of the forget tokens that it read, nats; NaN where it read none.
  void observe(double forget_loss);

  // Of a batch: what train.forget_batch and train.retain_batch ask for, without replacement at most the whole
  // set.
  [[nodiscard]] std::int64_t forget_size() const;
  [[nodiscard]] std::int64_t retain_size() const;
  // Samples of the global batch of update `step`.
  [[nodiscard]] std::vector<std::int64_t> forget(std::int64_t step) const;
  [[nodiscard]] std::vector<std::int64_t> retain(std::int64_t step) const;
  // warning[config.batch] where a set that is read has fewer samples than its batch asks for.
  void warn_of_small_sets(bool reads_forget, bool reads_retain) const;

  // For a checkpoint, and to go on from one after `step` updates. Scores and losses go to the samples of the
  // same id; where one has none (another forget set, another sampler), all are measured again, and so are
  // scores that were made by other settings (warning[score.source]). Collective.
  [[nodiscard]] nlohmann::json state() const;
  [[nodiscard]] bool has_scores(const nlohmann::json& state) const;  // that serve: none is measured again
  void restore(const nlohmann::json& state, std::int64_t step);

  // "3 scorings and 5 looks at the losses took 12 s, 8 % of the training time (2.5 min)"; empty where there
  // were none.
  [[nodiscard]] std::string overhead(double training_seconds) const;

 private:
  void find_scores(std::int64_t step);
  void measure(std::int64_t step);
  void drop_scores_of_other_settings(const nlohmann::json& source);
  [[nodiscard]] std::vector<double> look_at_losses();
  void update(std::int64_t step);
  [[nodiscard]] bool starts_record(std::int64_t step) const;
  [[nodiscard]] std::int64_t end_of_record(std::int64_t step) const;
  [[nodiscard]] sampling::Weights weights_from(std::int64_t step) const;
  void record(std::int64_t step);

  const RunConfig& config_;
  Engine& engine_;
  const SampleSets& sets_;
  RunOutput& output_;
  sampling::Needs needs_;     // of the forget set's sampler; none where no update draws from the set
  bool idle_;                 // a sampler that would need something, and no update draws by it
  std::int64_t epoch_;        // updates that use as many forget samples as there are
  std::int64_t look_span_;    // updates between looks at the losses
  std::int64_t record_span_;  // updates that one record of changing weights stands for
  training::Refresh refresh_;
  bool refresh_looks_;  // scores go by the loss, and batches do not tell it
  ForgetScores scores_;
  std::vector<double> losses_;  // by forget sample, where the sampler asks for them
  std::uint32_t refreshes_ = 0;
  std::int64_t looks_ = 0;      // at the losses
  double scoring_seconds_ = 0;  // of both
};

}  // namespace lethe::run
