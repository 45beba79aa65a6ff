// The length-normalised probability of an answer.
#include "framework/evaluation/measures/probability.h"
#include "framework/evaluation/mean_over_samples.h"

namespace lethe::evaluation::probability_entry {
namespace {

class Probability final : public Metric {
 public:
  explicit Probability(Source source) : source_(std::move(source)) {}

  About about() const override {
    return {.summary = "How likely the model finds an answer, a token on average.",
            .formula =
                "`p = exp(-a)`, `a` = mean negative log-likelihood of the answer's tokens, its end "
                "included. Value: mean over samples of the mean over answers.",
            .source = "TOFU, arXiv 2401.06121; OpenUnlearning `probability`",
            .quirks = "Several answers to a question give lists in result files, as there.",
            .use = "The first look at what is known; 1 is known by heart."};
  }
  Column column() const override {
    return {.set = source_.set, .name = column_name("probability", source_.answers)};
  }
  Needs needs() const override { return {.statistics = {{source_, {"log_prob"}}}}; }
  Result compute(const Inputs& inputs) const override {
    const bool one = source_.answers != Answers::perturbed;
    return mean_over_samples(inputs, source_, [&](std::size_t, const std::vector<AnswerValues>& answers) {
      std::vector<double> losses, probabilities;
      for (const AnswerValues& answer : answers) {
        losses.push_back(answer.average_loss());
        probabilities.push_back(answer_probability(losses.back()));
      }
      SampleScore score{.value = mean(probabilities)};
      score.fields["prob"] = one ? records::Json(probabilities[0]) : records::Json(probabilities);
      score.fields["avg_loss"] = one ? records::Json(losses[0]) : records::Json(losses);
      return score;
    });
  }

 private:
  Source source_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  Source source = read_source(section);
  section.reject_unknown();
  return std::make_unique<Probability>(std::move(source));
}

}  // namespace lethe::evaluation::probability_entry
