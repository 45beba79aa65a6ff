// TOFU_EVAL.json and TOFU_SUMMARY.json, as OpenUnlearning writes them, and what is read from a retrained
// model's.
#pragma once

#include <filesystem>
#include <span>
#include <string>

#include "framework/evaluation/metric.h"

namespace lethe::evaluation {

struct NamedResult {
  std::string name;
  Column column;
  bool listed = true;  // also in the summary
  Result result;
};

// One entry a metric, names sorted by code point, indented by four: {"agg_value", "value_by_index"}. A null
// value is written as null.
[[nodiscard]] std::string eval_file(std::span<const NamedResult> results);
// {metric: value} of the listed metrics that have one.
[[nodiscard]] std::string summary_file(std::span<const NamedResult> results);

// What is known of a retrained model. `named`: its <result_name>_EVAL.json, or the directory of the run (of
// `lethe train` or `lethe eval`) that wrote one. Errors: eval.retain_log where the file is missing or not of
// this form.
[[nodiscard]] RetainLog read_retain_log(const std::filesystem::path& named,
                                        const std::string& result_name = "TOFU");

}  // namespace lethe::evaluation
