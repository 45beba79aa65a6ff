#include "framework/evaluation/attack.h"

namespace lethe::evaluation {

AttackOptions read_attack(config::Section& section) {
  AttackOptions o;
  section.optional("set", o.forget, "the set whose membership is in question")
      .optional("holdout", o.holdout, "a set of the same kind that the model never saw");
  return o;
}

Needs Attack::needs() const {
  return {.statistics = {{{options_.forget, Answers::right}, statistics_},
                         {{options_.holdout, Answers::right}, statistics_}},
          .optional_sets = {options_.holdout}};
}

Result Attack::scores_of(const Inputs& inputs, const std::string& set) const {
  return mean_over_samples(inputs, {set, Answers::right},
                           [&](std::size_t, const std::vector<AnswerValues>& answers) -> SampleScore {
                             const double value = score(answers[0]);
                             return {.value = value, .fields = {{"score", value}}};
                           });
}

Result Attack::compute(const Inputs& inputs) const {
  for (const std::string& statistic : statistics_)
    if (const auto missing = inputs.missing.find(statistic); missing != inputs.missing.end())
      return null_result(missing->second);
  if (!inputs.answers.contains({options_.holdout, Answers::right}))
    return null_result(fmt::format("there is no set `{}` (eval.sets)", options_.holdout));
  Result result;
  result.parts = {{"forget", scores_of(inputs, options_.forget)},
                  {"holdout", scores_of(inputs, options_.holdout)}};
  for (const auto& [name, part] : result.parts)
    if (!part.value) return null_result(part.reason);
  result.value =
      attack_auc(values_of(result.parts[0].second.samples), values_of(result.parts[1].second.samples));
  return result;
}

}  // namespace lethe::evaluation
