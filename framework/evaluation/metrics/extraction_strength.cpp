// How little of the answer the model must be shown to write the rest.
#include "framework/evaluation/mean_over_samples.h"
#include "framework/evaluation/measures/probability.h"

namespace lethe::evaluation::extraction_strength_entry {
namespace {

class ExtractionStrength final : public Metric {
 public:
  explicit ExtractionStrength(Source source) : source_(std::move(source)) {}

  About about() const override {
    return {.summary = "How little of the answer the model must be shown to write the rest.",
            .formula =
                "`1 - k/N`, `k` the shortest prefix behind which every token is the model's first choice; "
                "the last token left out. Value: mean over samples of the mean over answers.",
            .source = "Carlini et al., arXiv 2012.07805; OpenUnlearning `extraction_strength`",
            .quirks =
                "Never below `1/N`: where nothing is extracted, the last token counts as if it were. 0 for "
                "an answer of one token, which counts in the mean. Several answers to a question give a list "
                "in result files, as there.",
            .use = "Verbatim extraction; the leaderboards' memorisation score."};
  }
  Column column() const override {
    return {.set = source_.set, .name = column_name("extraction_strength", source_.answers)};
  }
  Needs needs() const override { return {.statistics = {{source_, {"greedy"}}}}; }
  Result compute(const Inputs& inputs) const override {
    const bool one = source_.answers != Answers::perturbed;
    return mean_over_samples(
        inputs, source_, [&](std::size_t, const std::vector<AnswerValues>& answers) -> SampleScore {
          std::vector<double> strengths;
          for (const AnswerValues& answer : answers) strengths.push_back(strength_of(answer));
          return {.value = mean(strengths),
                  .fields = {{"score", one ? records::Json(strengths[0]) : records::Json(strengths)}}};
        });
  }

 private:
  static double strength_of(const AnswerValues& answer) {
    const auto greedy = answer.inner("greedy");
    return lethe::evaluation::extraction_strength(std::vector<std::uint8_t>(greedy.begin(), greedy.end()));
  }

  Source source_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  Source source = read_source(section);
  section.reject_unknown();
  return std::make_unique<ExtractionStrength>(std::move(source));
}

}  // namespace lethe::evaluation::extraction_strength_entry
