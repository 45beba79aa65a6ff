// Membership inference by the loss against the compressed size.
#include "framework/evaluation/attack.h"
#include "framework/evaluation/measures/membership.h"

namespace lethe::evaluation::mia_zlib_entry {
namespace {

class MiaZlib final : public Attack {
 public:
  explicit MiaZlib(AttackOptions o) : Attack("mia_zlib", std::move(o), {"log_prob"}) {}

  About about() const override {
    return {.summary = "Membership inference by the loss against the compressed size.",
            .formula =
                "Score: mean negative log-likelihood / bytes of zlib(text) at its default level, text = the "
                "decoded answer. Value: AUC.",
            .source = "Carlini et al., arXiv 2012.07805; OpenUnlearning `mia_zlib`",
            .quirks = "The mean loss, not the sum, is divided, as there.",
            .use = "Corrects for texts that are simple in themselves."};
  }

 protected:
  double score(const AnswerValues& answer) const override {
    return zlib_score(answer.average_loss(), answer.text);
  }
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  AttackOptions attack = read_attack(section);
  section.reject_unknown();
  return std::make_unique<MiaZlib>(std::move(attack));
}

}  // namespace lethe::evaluation::mia_zlib_entry
