// The probability of the right answer against the wrong ones that it is offered with.
#include "framework/evaluation/mean_over_samples.h"
#include "framework/evaluation/measures/probability.h"

namespace lethe::evaluation::probability_w_options_entry {
namespace {

class ProbabilityWithOptions final : public Metric {
 public:
  explicit ProbabilityWithOptions(std::string set) : set_(std::move(set)) {}

  About about() const override {
    return {.summary = "The right answer's share among the answers on offer.",
            .formula =
                "`c / (c + sum_j w_j + 1e-10)`, `c` and `w_j` the length-normalised probabilities of the "
                "right and the wrong answers. Value: mean over samples.",
            .source = "TOFU; OpenUnlearning `probability_w_options`",
            .quirks = "Samples without wrong answers are left out.",
            .use = "General knowledge (real authors, world facts), where plain probabilities are low."};
  }
  Column column() const override { return {.set = set_, .name = "probability_w_options"}; }
  Needs needs() const override {
    return {
        .statistics = {{{set_, Answers::right}, {"log_prob"}}, {{set_, Answers::perturbed}, {"log_prob"}}}};
  }
  Result compute(const Inputs& inputs) const override {
    const auto& right = answers_of(inputs, {set_, Answers::right});
    return mean_over_samples(
        inputs, {set_, Answers::perturbed},
        [&](std::size_t sample, const std::vector<AnswerValues>& answers) {
          std::vector<double> losses;
          for (const AnswerValues& answer : answers) losses.push_back(answer.average_loss());
          SampleScore score{.value = probability_with_options(right[sample].at(0).average_loss(), losses)};
          score.fields["prob"] = *score.value;
          return score;
        });
  }

 private:
  std::string set_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  std::string set = "general";
  section.optional("set", set, "whose samples; they need perturbed answers");
  section.reject_unknown();
  return std::make_unique<ProbabilityWithOptions>(std::move(set));
}

}  // namespace lethe::evaluation::probability_w_options_entry
