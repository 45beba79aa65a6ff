// What membership-inference attacks share: a score for each sample of the forget and of the holdout set,
// higher where the sample looks less like training data, and the area under the ROC curve.
#pragma once

#include "framework/evaluation/mean_over_samples.h"

namespace lethe::evaluation {

struct AttackOptions {
  std::string forget = "forget", holdout = "holdout";
};
// Reads `set` and `holdout`.
[[nodiscard]] AttackOptions read_attack(config::Section& section);

class Attack : public Metric {
 public:
  Attack(std::string name, AttackOptions options, std::set<std::string> statistics)
      : name_(std::move(name)), options_(std::move(options)), statistics_(std::move(statistics)) {}

  Column column() const override { return {.set = "", .name = name_}; }
  Needs needs() const override;
  // Value: the AUC; 1 = the forget set stands out as seen, 0.5 = it does not.
  Result compute(const Inputs& inputs) const override;

 protected:
  // Of one answer, oriented like a loss.
  [[nodiscard]] virtual double score(const AnswerValues& answer) const = 0;

 private:
  Result scores_of(const Inputs& inputs, const std::string& set) const;
  std::string name_;
  AttackOptions options_;
  std::set<std::string> statistics_;
};

}  // namespace lethe::evaluation
