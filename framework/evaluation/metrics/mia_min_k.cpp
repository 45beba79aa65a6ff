// Membership inference by the least likely tokens.
#include "framework/evaluation/attack.h"
#include "framework/evaluation/measures/membership.h"

namespace lethe::evaluation::mia_min_k_entry {
namespace {

class MiaMinK final : public Attack {
 public:
  MiaMinK(AttackOptions o, double k) : Attack("mia_min_k", std::move(o), {"log_prob"}), k_(k) {}

  About about() const override {
    return {.summary = "Membership inference by the least likely tokens.",
            .formula =
                "Score: minus the mean of the max(1, floor(k N)) smallest token log-probabilities, the last "
                "token left out. Value: AUC.",
            .source = "Min-K% Prob, arXiv 2310.16789; OpenUnlearning `mia_min_k`",
            .quirks = "0 for an answer of one token. MUSE's own benchmark keeps the last token.",
            .use = "The attack behind privleak."};
  }

 protected:
  double score(const AnswerValues& answer) const override { return min_k(answer.inner("log_prob"), k_); }

 private:
  double k_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  AttackOptions attack = read_attack(section);
  double k = 0.4;
  section.optional("k", k, "share of the tokens, the least likely ones", config::between(0, 1));
  section.reject_unknown();
  return std::make_unique<MiaMinK>(std::move(attack), k);
}

}  // namespace lethe::evaluation::mia_min_k_entry
