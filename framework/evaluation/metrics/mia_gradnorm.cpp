// Membership inference by the size of the gradient.
#include "framework/evaluation/attack.h"

namespace lethe::evaluation::mia_gradnorm_entry {
namespace {

class MiaGradnorm final : public Attack {
 public:
  explicit MiaGradnorm(AttackOptions o)
      : Attack("mia_gradnorm", std::move(o), {std::string(kGradientNorm)}) {}

  About about() const override {
    return {.summary = "Membership inference by the size of the gradient.",
            .formula =
                "Score: the mean over the parameter tensors of the L2 norms of the gradient of the mean "
                "negative log-likelihood, the last token left out. Value: AUC.",
            .source = "arXiv 2402.17012; OpenUnlearning `mia_gradnorm`",
            .quirks = "Not the global norm: every tensor counts alike. One backward pass for each sample.",
            .use = "Memory that the loss hides; costs as much as an epoch of training."};
  }

 protected:
  double score(const AnswerValues& answer) const override { return answer.of(kGradientNorm)[0]; }
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  AttackOptions attack = read_attack(section);
  section.reject_unknown();
  return std::make_unique<MiaGradnorm>(std::move(attack));
}

}  // namespace lethe::evaluation::mia_gradnorm_entry
