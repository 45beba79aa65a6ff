// What a model is made to have said, for tests of metrics.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "framework/config/document.h"
#include "framework/evaluation/mean_over_samples.h"

namespace lethe::evaluation::testing {

// A metric from its options as YAML: metric("rouge", "type: rougeL_f1").
[[nodiscard]] std::unique_ptr<Metric> metric(const std::string& name, const std::string& options = "");

// An answer whose tokens have these log-probabilities; `first_choice` by token, all of them where empty.
[[nodiscard]] AnswerValues answer(std::vector<double> log_probs, std::vector<double> first_choice = {});
// An answer with this mean negative log-likelihood, in two tokens.
[[nodiscard]] AnswerValues answer_of_loss(double loss);

// tests/golden/metrics/golden.json.
[[nodiscard]] const nlohmann::json& golden();
[[nodiscard]] Inputs golden_inputs();
// Value and per-sample values against the golden file's entry: 1e-6 relative (1e-12 for what is not a
// p-value).
void expect_golden(const Result& result, const std::string& entry);

// The logits of the specification's test vectors as answers of the forget set (two samples).
[[nodiscard]] Inputs vector_inputs();

}  // namespace lethe::evaluation::testing
