// A run's model as the evaluator asks it: token statistics and gradients over the walk, generations with a
// cache, and, for metrics that compare with one, the model of eval.reference.
#pragma once

#include <memory>

#include "framework/data/tokenizer/tokenizer.h"
#include "framework/evaluation/evaluated_model.h"
#include "framework/run/engine.h"

namespace lethe::run {

// Of the model of eval.reference, which is named. Errors: those of models::resolve_model_path and
// read_hf_config.
[[nodiscard]] models::HfConfig reference_shape(const RunConfig& config);
// Of the weights of eval.reference, which is named: other weights under the same path have another one. Cheap
// (ModelFiles::hash). Errors: those of models::resolve_model_path, read_hf_config and ModelFiles.
[[nodiscard]] std::string reference_hash(const RunConfig& config);
// Of the model's generation_config.json; 1 where it has none.
[[nodiscard]] double repetition_penalty(const Engine& engine);
// What eval.compat hides from attention: openunlearning every token that looks like padding; -1: none.
[[nodiscard]] std::int32_t unseen_id(const RunConfig& config, const data::Tokenizer& tokenizer);

class EvaluatedEngine final : public evaluation::EvaluatedModel {
 public:
  // Refers to both. `stop_ids` end a generation; nobody attends to `unseen_id` (-1: none).
  EvaluatedEngine(const RunConfig& config, Engine& engine, std::vector<std::int32_t> stop_ids,
                  std::int32_t unseen_id = -1);

  std::vector<std::vector<double>> statistics(std::span<const data::Document> documents,
                                              const std::vector<std::string>& names) override;
  std::vector<double> reference_log_probs(std::span<const data::Document> documents) override;
  std::string no_reference() const override;
  std::vector<evaluation::TokenIds> generate(std::span<const evaluation::TokenIds> prompts) override;
  double gradient_norm(const data::Document& document) override;

 private:
  void sum_gradient_of(const data::Document& document);
  double mean_tensor_norm();
  std::vector<data::Document> as_seen(std::span<const data::Document> documents) const;

  const RunConfig& config_;
  Engine& engine_;
  std::vector<std::int32_t> stop_ids_;
  std::int32_t unseen_id_;
  std::unique_ptr<Engine> reference_;                   // once asked for
  std::unique_ptr<sharding::GradientStore> gradients_;  // once asked for
};

}  // namespace lethe::run
