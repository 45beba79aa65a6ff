// What an objective declared it needs, provided or refused by name: other answers, the frozen model's
// log-probabilities, the frozen model itself.
#pragma once

#include <array>
#include <filesystem>
#include <memory>
#include <vector>

#include "framework/run/engine.h"
#include "framework/run/sample_sets.h"
#include "framework/training/identity.h"
#include "framework/training/objective_pack.h"

namespace lethe::run {

// Whether the method reads the frozen model's distributions or hidden states, so that a second model is held.
[[nodiscard]] bool needs_frozen_model(const objectives::Needs& needs);
// Whether it reads anything of the frozen model.
[[nodiscard]] bool needs_reference(const objectives::Needs& needs);

// What it asks of the model's shape and of what is trained. Errors: config.conflict, config.range.
void check_objective(const RunConfig& config, const models::DecoderModel& model);

class ObjectiveInputs {
 public:
  // Collective. All must outlive it. frozen_group: ranks that hold a frozen model between them. Errors:
  // config.conflict, config.range and data.column say what the objective lacks.
  ObjectiveInputs(const RunConfig& config, const SampleSets& sets, Engine& engine,
                  const std::filesystem::path& cache, int frozen_group);

  const training::TrainingData& data() const noexcept { return data_; }
  // Keys of the stores of other answers, by role, as parts of an identity.
  training::Identity alternates() const;
  // Whether batches hold samples of the set, themselves or by their other answers.
  bool reads_forget() const noexcept { return reads_forget_; }
  bool reads_retain() const noexcept { return reads_retain_; }

 private:
  void load_alternates(objectives::Role role, const SampleSet& set, const data::SourceOptions& source,
                       const std::filesystem::path& cache);
  void load_reference(objectives::Role role, const std::filesystem::path& cache);
  void hold_frozen_model(int group);

  const RunConfig& config_;
  const SampleSets& sets_;
  Engine& engine_;
  objectives::Needs needs_;
  bool reads_forget_, reads_retain_;
  training::TrainingData data_;
  std::array<std::string, objectives::kNumRoles> store_keys_;
  std::array<std::optional<data::TokenStore>, objectives::kNumRoles> stores_;  // of alternates
  std::array<inference::TokenLogProbs, objectives::kNumRoles> references_;
  std::string start_;  // the engine's content_hash(), on rank 0, once a reference is asked for
  std::unique_ptr<sharding::Grid> frozen_grid_;
  std::unique_ptr<sharding::WeightStore> frozen_weights_;
  std::unique_ptr<training::FrozenModel> frozen_;
};

}  // namespace lethe::run
