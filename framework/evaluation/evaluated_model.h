// What the evaluator asks of a model; run/ answers over the walk. All calls are collective: each rank brings
// its own work, and one without brings nothing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/data/packing.h"

namespace lethe::evaluation {

using TokenIds = std::vector<std::int32_t>;

class EvaluatedModel {
 public:
  virtual ~EvaluatedModel() = default;
  // Of the scored tokens of these documents, one after the other: a list for each token statistic.
  virtual std::vector<std::vector<double>> statistics(std::span<const data::Document> documents,
                                                      const std::vector<std::string>& names) = 0;
  // log p under the reference model. Not asked where no_reference() says why there is none.
  virtual std::vector<double> reference_log_probs(std::span<const data::Document> documents) = 0;
  [[nodiscard]] virtual std::string no_reference() const = 0;
  // New tokens of each prompt.
  virtual std::vector<TokenIds> generate(std::span<const TokenIds> prompts) = 0;
  // Mean over parameter tensors of the L2 norm of the gradient of the document's mean negative
  // log-likelihood, its last token left out. All ranks bring the same document.
  virtual double gradient_norm(const data::Document& document) = 0;
};

}  // namespace lethe::evaluation
