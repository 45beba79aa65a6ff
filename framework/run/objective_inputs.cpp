#include "framework/run/objective_inputs.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/data/alternates.h"
#include "framework/inference/reference_log_probs.h"
#include "framework/ops/token_statistic.h"
#include "framework/run/command_config.h"
#include "framework/run/model_limits.h"
#include "framework/sharding/gradient_store.h"
#include "framework/training/trainable.h"

namespace lethe::run {
namespace {

using objectives::Needs;
using objectives::Role;

constexpr std::int64_t kWrappedLabels =
    100;  // OpenUnlearning's label -100, counted from the vocabulary's end

// Whether a parameter is trained that a pass up to this layer reads.
bool trains_up_to(int last_layer, const models::DecoderModel& model,
                  const std::vector<std::string>& trainable) {
  const std::vector<bool> trained =
      sharding::segments_with_trained(model.index, training::trained_parameters(model.index, trainable));
  bool trains = trained[model.segment_of(model.embedding)];
  for (int layer = 0; layer <= last_layer; ++layer) trains |= trained[model.layers[layer].segment];
  return trains;
}

}  // namespace

bool needs_frozen_model(const objectives::Needs& needs) {
  return std::ranges::any_of(needs.roles, [](const objectives::RoleNeeds& role) {
    return role.reference_tap || ops::held_by(role.statistics).reference;
  });
}

bool needs_reference(const objectives::Needs& needs) {
  return needs_frozen_model(needs) ||
         std::ranges::any_of(needs.roles, &objectives::RoleNeeds::reference_log_prob);
}

ObjectiveInputs::ObjectiveInputs(const RunConfig& config, const SampleSets& sets, Engine& engine,
                                 const std::filesystem::path& cache, int frozen_group)
    : config_(config),
      sets_(sets),
      engine_(engine),
      needs_(config.objective->needs()),
      reads_forget_(run::reads_forget(config)),
      reads_retain_(run::reads_retain(config)) {
  check_objective(config, engine.model);
  data_.documents[0] = sets.forget.documents;
  data_.documents[1] = sets.retain.documents;
  store_keys_[0] = sets.forget.store_key;
  store_keys_[1] = sets.retain.store_key;
  data_.vocab_size = engine.model.config.vocab_size;
  data_.pad_id = sets.tokenizer().special_tokens().pad_id.value_or(sets.tokenizer().eos_id());
  if (needs_[Role::alternate].present)
    load_alternates(Role::alternate, sets.forget, config.data.forget, cache);
  if (needs_[Role::retain_alternate].present)
    load_alternates(Role::retain_alternate, sets.retain, config.data.retain, cache);
  if (needs_.openunlearning)
    for (auto& role : data_.documents)
      for (data::Document& document : role) document.unseen_id = data_.pad_id;
  for (int r = 0; r < objectives::kNumRoles; ++r)
    if (needs_.roles[r].reference_log_prob) load_reference(static_cast<Role>(r), cache);
  if (needs_frozen_model(needs_)) hold_frozen_model(frozen_group);
}

void check_objective(const RunConfig& config, const models::DecoderModel& model) {
  const objectives::Needs needs = config.objective->needs();
  if (needs.tap_layer >= model.config.num_layers)
    fail("config.range",
         fmt::format("objective.layer: {} is not a layer of this model, which has {} (0 to {})",
                     needs.tap_layer, model.config.num_layers, model.config.num_layers - 1));
  if (const int last = needs.last_layer(); last >= 0 && !trains_up_to(last, model, config.train.trainable))
    fail("config.conflict",
         fmt::format("objective.layer: {} and train.trainable [{}]: objective `{}` reads nothing behind that "
                     "layer, and no parameter up to it is trained",
                     last, base::join(config.train.trainable, ", "), config.objective_name),
         "train parameters of that layer or of one below it, or read a higher objective.layer");
  if (needs.openunlearning && model.config.vocab_size < kWrappedLabels)
    fail("config.conflict",
         fmt::format("objective.compat: openunlearning needs a vocabulary of {} or more, this model has {}",
                     kWrappedLabels, model.config.vocab_size));
}

training::Identity ObjectiveInputs::alternates() const {
  training::Identity parts;
  for (const Role role : {Role::alternate, Role::retain_alternate})
    if (needs_[role].present)
      parts[role == Role::alternate ? "alternate" : "retain_alternate"] =
          store_keys_[static_cast<std::size_t>(role)];
  return parts;
}

void ObjectiveInputs::load_alternates(Role role, const SampleSet& set, const data::SourceOptions& source,
                                      const std::filesystem::path& cache) {
  const data::Alternates alternates =
      data::read_alternates(config_.data.alternate, set.samples, set.store_key, source, config_.seed);
  const int r = static_cast<int>(role);
  store_keys_[r] = data::store_key(alternates.file.hash, source, sets_.sample_tokenizer().hash());
  stores_[r] = open_or_write_store(cache, store_keys_[r], alternates.file.samples, sets_.sample_tokenizer(),
                                   engine_.world);
  for (std::int64_t i = 0; i < stores_[r]->size(); ++i) data_.documents[r].push_back(stores_[r]->document(i));
  data_.alternates_per_sample[r] = alternates.per_sample;
  const ReadSet read{
      .name = set.name + " alternates", .samples = alternates.file.samples, .documents = data_.documents[r]};
  check_model_reads({&read, 1}, sets_.tokenizer(), engine_.model.config);
}

void ObjectiveInputs::load_reference(Role role, const std::filesystem::path& cache) {
  const int r = static_cast<int>(role);
  const std::string masked = needs_.openunlearning ? fmt::format(" without {}", data_.pad_id) : "";
  const bool rounded = store_options(config_).seen() != compute_dtype(config_.model.compute);
  const std::string compute =
      config_.model.compute + (rounded ? " of " + config_.precision.wire + " weights" : "");
  // Rank 0 alone opens the cache, so it alone reads all the weights for their name.
  if (engine_.world.rank() == 0 && start_.empty()) start_ = engine_.content_hash();
  references_[r] = inference::reference_log_probs(
      cache, {.model = start_, .tokens = store_keys_[r] + masked, .compute = compute}, *engine_.walk,
      engine_.world, data_.documents[r]);
  data_.references[r] = &references_[r];
}

// Sharded over all ranks whatever the policy's stage: the frozen model has no optimizer to keep it company.
void ObjectiveInputs::hold_frozen_model(int group) {
  frozen_grid_ = std::make_unique<sharding::Grid>(
      engine_.world, sharding::grid_shape(3, group, engine_.world.size()), engine_.grid->placement());
  frozen_weights_ =
      std::make_unique<sharding::WeightStore>(engine_.model.index, *frozen_grid_, store_options(config_));
  engine_.load_start(*frozen_weights_);
  frozen_ = std::make_unique<training::FrozenModel>(engine_.model, *frozen_weights_);
  data_.frozen = frozen_.get();
}

}  // namespace lethe::run
