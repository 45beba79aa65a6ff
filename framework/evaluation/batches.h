// The work of an evaluation, cut into batches: a pure function of data and suite. Internal to evaluation/.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "framework/evaluation/evaluator.h"

namespace lethe::evaluation {

enum class Kind : std::uint8_t { statistics, reference, gradient, generation };

// One thing to measure of one source: all its documents (or prompts), cut into batches.
struct Request {
  Kind kind = Kind::statistics;
  Source source;
  std::vector<std::string> statistics;             // names, in the order of a batch's values
  std::vector<data::Document> documents;           // of answers, by sample and answer; of prompts' samples
  std::vector<TokenIds> owned;                     // their tokens, where no store holds them; prompts
  std::vector<std::int64_t> sample;                // of each document
  std::vector<std::vector<std::int64_t>> batches;  // documents of each
  std::vector<std::vector<double>> values;         // of each batch, once measured

  [[nodiscard]] std::string key(std::size_t batch) const;
};

[[nodiscard]] std::vector<Request> requests_of(const std::vector<const SuiteEntry*>& suite,
                                               const EvaluatorParts& parts, const EvaluatorOptions& options);

// Numbers that a batch gives: [statistics, scored tokens]; one; or [prompts, 1 + max_new_tokens]: a count and
// tokens.
[[nodiscard]] std::size_t size_of_batch(const Request& request, std::size_t batch,
                                        const EvaluatorOptions& options);

}  // namespace lethe::evaluation
