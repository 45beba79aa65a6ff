// Membership inference by the least likely tokens, standardised by what the model expects there.
#include "framework/evaluation/attack.h"
#include "framework/evaluation/measures/membership.h"

namespace lethe::evaluation::mia_min_k_plus_plus_entry {
namespace {

class MiaMinKPlusPlus final : public Attack {
 public:
  MiaMinKPlusPlus(AttackOptions o, double k)
      : Attack("mia_min_k_plus_plus", std::move(o), {"log_prob", "mean_log_prob", "mean_squared_log_prob"}),
        k_(k) {}

  About about() const override {
    return {
        .summary =
            "Membership inference by the least likely tokens, standardised by what the model expects there.",
        .formula =
            "`mu = sum_v p log p`, `s^2 = max(sum_v p log^2 p - mu^2, 1e-6)`, `u = (log p_y - mu)/s`; score: "
            "minus the mean of the max(1, floor(k N)) smallest `u`, the last token left out. Value: AUC.",
        .source = "Min-K%++, arXiv 2404.02936; OpenUnlearning `mia_min_k_plus_plus`",
        .quirks = "The variance has a floor of 1e-6, as there.",
        .use = "As mia_min_k, less fooled by tokens that are hard for everybody."};
  }

 protected:
  double score(const AnswerValues& answer) const override {
    const auto p = answer.inner("log_prob"), mean = answer.inner("mean_log_prob"),
               square = answer.inner("mean_squared_log_prob");
    std::vector<double> values;
    for (std::size_t t = 0; t < p.size(); ++t) values.push_back(standardized(p[t], mean[t], square[t]));
    return min_k(values, k_);
  }

 private:
  double k_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  AttackOptions attack = read_attack(section);
  double k = 0.4;
  section.optional("k", k, "share of the tokens, the least likely ones", config::between(0, 1));
  section.reject_unknown();
  return std::make_unique<MiaMinKPlusPlus>(std::move(attack), k);
}

}  // namespace lethe::evaluation::mia_min_k_plus_plus_entry
