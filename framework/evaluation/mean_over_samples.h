// What most metrics do: a number for each sample, and their mean.
#pragma once

#include <string>

#include "framework/evaluation/measures/statistics.h"
#include "framework/evaluation/metric.h"

namespace lethe::evaluation {

// Why a set has nothing to measure: "forget: no perturbed answers".
[[nodiscard]] std::string no_answers(const Source& source);
[[nodiscard]] const std::vector<std::vector<AnswerValues>>& answers_of(const Inputs& inputs,
                                                                       const Source& source);
[[nodiscard]] std::int64_t row_of(const Inputs& inputs, const std::string& set, std::size_t sample);

struct SampleScore {
  std::optional<double> value;  // a sample without one is left out of the mean
  records::Json fields;         // of the sample in result files
};

// The mean of what `score(i, answers of sample i)` makes of every sample that has such answers. Null where
// the set has none.
template <class Score>
Result mean_over_samples(const Inputs& inputs, const Source& source, const Score& score) {
  Result result;
  const auto& samples = answers_of(inputs, source);
  for (std::size_t i = 0; i < samples.size(); ++i) {
    if (samples[i].empty()) continue;
    SampleScore one = score(i, samples[i]);
    result.samples.push_back(
        {.index = row_of(inputs, source.set, i), .fields = std::move(one.fields), .value = one.value});
  }
  const std::vector<double> values = values_of(result.samples);
  if (values.empty()) return null_result(no_answers(source));
  result.value = mean(values);
  return result;
}

}  // namespace lethe::evaluation
