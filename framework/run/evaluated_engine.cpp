#include "framework/run/evaluated_engine.h"

#include <ATen/ATen.h>

#include <numeric>

#include "framework/inference/generation.h"
#include "framework/models/generation_config.h"
#include "framework/models/model_path.h"
#include "framework/optim/gradient_norm.h"

namespace lethe::run {
namespace {

std::vector<std::vector<double>> statistics_of(Engine& engine, std::span<const data::Document> documents,
                                               const std::vector<std::string>& names) {
  const data::Pack pack = data::make_pack(documents);
  std::vector<std::vector<double>> lists;
  for (const at::Tensor& statistic : engine.walk->forward(pack, {.statistics = names})) {
    const at::Tensor values = statistic.to(at::kCPU, at::kDouble).contiguous();
    lists.emplace_back(values.const_data_ptr<double>(), values.const_data_ptr<double>() + values.numel());
  }
  return lists;
}

// Of the model of eval.reference, on the run's ranks.
RunConfig reference_config(const RunConfig& config) {
  RunConfig reference;
  reference.determinism = config.determinism;
  reference.model = config.model;
  reference.model.init = "files";
  reference.model.path = config.eval.reference;
  reference.parallel = config.parallel;
  reference.precision = config.precision;
  return reference;
}

}  // namespace

models::HfConfig reference_shape(const RunConfig& config) {
  return model_shape(reference_config(config), /*tokenizer_vocab=*/0);
}

std::string reference_hash(const RunConfig& config) {
  const models::DecoderModel model = models::make_decoder_model(reference_shape(config));
  return models::ModelFiles(models::resolve_model_path(config.eval.reference), model.index).hash();
}

double repetition_penalty(const Engine& engine) {
  return engine.source ? models::read_generation_config(*engine.source).repetition_penalty : 1;
}

std::int32_t unseen_id(const RunConfig& config, const data::Tokenizer& tokenizer) {
  if (config.eval.compat != "openunlearning") return -1;
  return tokenizer.special_tokens().pad_id.value_or(tokenizer.eos_id());
}

EvaluatedEngine::EvaluatedEngine(const RunConfig& config, Engine& engine, std::vector<std::int32_t> stop_ids,
                                 std::int32_t unseen_id)
    : config_(config), engine_(engine), stop_ids_(std::move(stop_ids)), unseen_id_(unseen_id) {}

std::vector<data::Document> EvaluatedEngine::as_seen(std::span<const data::Document> documents) const {
  std::vector<data::Document> seen(documents.begin(), documents.end());
  for (data::Document& document : seen) document.unseen_id = unseen_id_;
  return seen;
}

std::vector<std::vector<double>> EvaluatedEngine::statistics(std::span<const data::Document> documents,
                                                             const std::vector<std::string>& names) {
  return statistics_of(engine_, as_seen(documents), names);
}

std::string EvaluatedEngine::no_reference() const {
  return config_.eval.reference.empty() ? "no reference model (eval.reference)" : "";
}

std::vector<double> EvaluatedEngine::reference_log_probs(std::span<const data::Document> documents) {
  if (!reference_)
    reference_ = std::make_unique<Engine>(
        reference_config(config_), engine_.world, engine_.model.config.vocab_size,
        sharding::GridShape{engine_.grid->zero(), engine_.grid->shard_size()}, engine_.grid->placement());
  return statistics_of(*reference_, as_seen(documents), {"log_prob"}).front();
}

std::vector<evaluation::TokenIds> EvaluatedEngine::generate(std::span<const evaluation::TokenIds> prompts) {
  return inference::generate(engine_.model, *engine_.weights, engine_.world, prompts,
                             {.max_new_tokens = config_.eval.max_new_tokens,
                              .stop_ids = stop_ids_,
                              .repetition_penalty = repetition_penalty(engine_),
                              .unseen_id = unseen_id_})
      .tokens;
}

double EvaluatedEngine::gradient_norm(const data::Document& document) {
  if (document.scored_tokens() < 2) return 0;
  if (!gradients_)
    gradients_ = std::make_unique<sharding::GradientStore>(
        engine_.model.index, *engine_.grid, gradient_dtype(config_), config_.parallel.prefetch);
  data::Document inner = document;
  inner.unseen_id = unseen_id_;
  inner.ids = inner.ids.first(inner.ids.size() - 1);
  sum_gradient_of(inner);
  return mean_tensor_norm();
}

// Gradients are summed over ranks, so one of them works. Elastic: as a leaf, in which what a tied embedding
// gets for its two uses is added up alike on any world.
void EvaluatedEngine::sum_gradient_of(const data::Document& document) {
  std::vector<std::vector<int>> leaves(static_cast<std::size_t>(engine_.world.size()));
  leaves[0] = {0};
  const std::vector<int>& mine = leaves[static_cast<std::size_t>(engine_.world.rank())];
  std::vector<data::Pack> packs;
  if (!mine.empty()) packs.push_back(data::make_pack(std::span(&document, 1)));
  gradients_->zero();
  if (config_.logical_shards() > 0) {
    gradients_->fold_leaves(1);
    gradients_->begin_wave(leaves);
  }
  std::vector<walk::Statistics> upstream;
  for (const walk::Statistics& statistics : engine_.walk->forward(packs, {.for_backward = true}))
    upstream.push_back({at::full_like(statistics[0], -1.0 / static_cast<double>(document.scored_tokens()))});
  engine_.walk->backward(upstream, mine, *gradients_);
  gradients_->finish();
}

double EvaluatedEngine::mean_tensor_norm() {
  const std::vector<double> norms = optim::tensor_norms(*gradients_);
  return std::accumulate(norms.begin(), norms.end(), 0.0) / static_cast<double>(norms.size());
}

}  // namespace lethe::run
