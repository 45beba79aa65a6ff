// Membership inference by the loss.
#include "framework/evaluation/attack.h"

namespace lethe::evaluation::mia_loss_entry {
namespace {

class MiaLoss final : public Attack {
 public:
  explicit MiaLoss(AttackOptions o) : Attack("mia_loss", std::move(o), {"log_prob"}) {}

  About about() const override {
    return {.summary = "Membership inference by the loss.",
            .formula =
                "Score: mean negative log-likelihood of the answer, its end included. Value: AUC = "
                "P(s_holdout > s_forget) + P(equal)/2.",
            .source = "Yeom et al., arXiv 1709.01604; OpenUnlearning `mia_loss`",
            .quirks =
                "Member samples are expected to score lower; 1 = not unlearned, 0.5 = indistinguishable, "
                "below 0.5 = over-unlearned.",
            .use = "The cheapest attack; the others start from it."};
  }

 protected:
  double score(const AnswerValues& answer) const override { return answer.average_loss(); }
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  AttackOptions attack = read_attack(section);
  section.reject_unknown();
  return std::make_unique<MiaLoss>(std::move(attack));
}

}  // namespace lethe::evaluation::mia_loss_entry
