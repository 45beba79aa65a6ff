// Perplexity of given answers.
#include <cmath>

#include "framework/evaluation/mean_over_samples.h"

namespace lethe::evaluation::perplexity_entry {
namespace {

class Perplexity final : public Metric {
 public:
  explicit Perplexity(Source source) : source_(std::move(source)) {}

  About about() const override {
    return {.summary = "How many tokens the model hesitates between, on average.",
            .formula =
                "`exp(sum of negative log-likelihoods / number of tokens)`, over all tokens of all answers, "
                "their ends included.",
            .source = "Jelinek et al. 1977",
            .quirks = "Weighted by tokens, so it is not the mean of the samples' perplexities.",
            .use = "Texts rather than answers; whether the language itself has suffered."};
  }
  Column column() const override {
    return {.set = source_.set, .name = column_name("perplexity", source_.answers)};
  }
  Needs needs() const override { return {.statistics = {{source_, {"log_prob"}}}}; }
  Result compute(const Inputs& inputs) const override {
    double all_losses = 0, all_tokens = 0;
    Result result = mean_over_samples(
        inputs, source_, [&](std::size_t, const std::vector<AnswerValues>& answers) -> SampleScore {
          double losses = 0, tokens = 0;
          for (const AnswerValues& answer : answers)
            for (const double value : answer.of("log_prob")) losses -= value, ++tokens;
          all_losses += losses;
          all_tokens += tokens;
          const double value = std::exp(losses / tokens);
          return {.value = value, .fields = {{"score", value}}};
        });
    if (result.value) result.value = std::exp(all_losses / all_tokens);
    return result;
  }

 private:
  Source source_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  Source source = read_source(section);
  section.reject_unknown();
  return std::make_unique<Perplexity>(std::move(source));
}

}  // namespace lethe::evaluation::perplexity_entry
