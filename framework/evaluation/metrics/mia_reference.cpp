// Membership inference by the loss against another model's.
#include "framework/evaluation/attack.h"
#include "framework/evaluation/measures/statistics.h"

namespace lethe::evaluation::mia_reference_entry {
namespace {

class MiaReference final : public Attack {
 public:
  explicit MiaReference(AttackOptions o)
      : Attack("mia_reference", std::move(o), {"log_prob", std::string(kReferenceLogProb)}) {}

  About about() const override {
    return {
        .summary = "Membership inference by the loss against another model's.",
        .formula =
            "Score: mean negative log-likelihood minus that of the model of `eval.reference`. Value: AUC.",
        .source = "Carlini et al., arXiv 2012.07805; OpenUnlearning `mia_reference`",
        .quirks = "Null without `eval.reference`.",
        .use = "The sharpest of the loss attacks where a retrained model is at hand."};
  }

 protected:
  double score(const AnswerValues& answer) const override {
    return answer.average_loss() + mean(answer.of(kReferenceLogProb));
  }
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  AttackOptions attack = read_attack(section);
  section.reject_unknown();
  return std::make_unique<MiaReference>(std::move(attack));
}

}  // namespace lethe::evaluation::mia_reference_entry
