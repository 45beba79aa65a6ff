// Whether the model still prefers the truth to falsehoods of the same form.
#include "framework/evaluation/mean_over_samples.h"
#include "framework/evaluation/measures/probability.h"

namespace lethe::evaluation::truth_ratio_entry {
namespace {

struct Options {
  std::string set = "forget", correct = "auto", aggregator = "by_set";
};

class TruthRatio final : public Metric {
 public:
  explicit TruthRatio(Options options) : options_(std::move(options)) {
    if (options_.aggregator == "by_set")
      options_.aggregator = options_.set.starts_with("forget") ? "closer_to_1_better" : "true_better";
  }

  About about() const override {
    return {
        .summary = "The likelihood of wrong answers over that of the right one.",
        .formula =
            "`C = exp(-mean a_correct)`, `W = exp(-mean a_wrong)` (geometric means), `R = W/(C + 1e-10)`. "
            "`closer_to_1_better`: mean min(R, 1/(R + 1e-10)); `true_better`: mean max(0, 1 - R); "
            "`prob_mean`: mean C/(C + W + 1e-10).",
        .source = "TOFU, arXiv 2401.06121; OpenUnlearning `truth_ratio`",
        .quirks =
            "TOFU's own code averages wrong answers arithmetically, over probabilities; this is "
            "OpenUnlearning's form. `by_set` is `closer_to_1_better` for the forget set, `true_better` "
            "for every other; `auto` takes paraphrased answers where a sample has one.",
        .use = "The forget set's per-sample values feed forget quality."};
  }
  Column column() const override { return {.set = options_.set, .name = "truth_ratio"}; }
  Needs needs() const override {
    Needs needs{.statistics = {{{options_.set, Answers::perturbed}, {"log_prob"}}}};
    if (options_.correct != "answer") needs.statistics[{options_.set, Answers::paraphrased}] = {"log_prob"};
    if (options_.correct != "paraphrased") needs.statistics[{options_.set, Answers::right}] = {"log_prob"};
    return needs;
  }
  Result compute(const Inputs& inputs) const override {
    const bool share = options_.aggregator == "prob_mean";
    Result result =
        mean_over_samples(inputs, {options_.set, Answers::perturbed},
                          [&](std::size_t sample, const std::vector<AnswerValues>& wrong) -> SampleScore {
                            const std::vector<double> correct_losses = losses_of(correct(inputs, sample));
                            if (correct_losses.empty())
                              return {.value = std::nullopt, .fields = {{"score", nullptr}}};
                            const std::vector<double> wrong_losses = losses_of(wrong);
                            const double value = share ? truth_probability(correct_losses, wrong_losses)
                                                       : truth_ratio(correct_losses, wrong_losses);
                            return {.value = value, .fields = {{"score", value}}};
                          });
    if (result.value) result.value = aggregate(values_of(result.samples));
    return result;
  }

 private:
  static std::vector<double> losses_of(const std::vector<AnswerValues>& answers) {
    std::vector<double> losses;
    for (const AnswerValues& answer : answers) losses.push_back(answer.average_loss());
    return losses;
  }
  const std::vector<AnswerValues>& correct(const Inputs& inputs, std::size_t sample) const {
    if (options_.correct != "answer") {
      const auto& paraphrased = answers_of(inputs, {options_.set, Answers::paraphrased})[sample];
      if (!paraphrased.empty() || options_.correct == "paraphrased") return paraphrased;
    }
    return answers_of(inputs, {options_.set, Answers::right})[sample];
  }
  double aggregate(const std::vector<double>& values) const {
    if (options_.aggregator == "closer_to_1_better") return closer_to_1_better(values);
    return options_.aggregator == "true_better" ? true_better(values) : prob_mean(values);
  }

  Options options_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  Options o;
  section.optional("set", o.set, "whose samples; they need perturbed answers")
      .choice("correct", o.correct, {"auto", "answer", "paraphrased"}, "which answers stand for the truth")
      .choice("aggregator", o.aggregator, {"by_set", "closer_to_1_better", "true_better", "prob_mean"},
              "how samples become one value");
  section.reject_unknown();
  return std::make_unique<TruthRatio>(std::move(o));
}

}  // namespace lethe::evaluation::truth_ratio_entry
