// The share of the answer's tokens that are the model's first choice.
#include "framework/evaluation/mean_over_samples.h"
#include "framework/evaluation/measures/probability.h"

namespace lethe::evaluation::exact_memorization_entry {
namespace {

class ExactMemorization final : public Metric {
 public:
  explicit ExactMemorization(Source source) : source_(std::move(source)) {}

  About about() const override {
    return {.summary = "The share of the answer's tokens that are the model's first choice.",
            .formula =
                "`#(argmax = label) / N` over the answer's tokens, the last one left out. Value: mean "
                "over samples of the mean over answers.",
            .source = "Tirumala et al., arXiv 2205.10770; OpenUnlearning `exact_memorization`",
            .quirks =
                "An answer of one token has no value (null in result files) and is left out of the mean. The "
                "last token is dropped although it need not be the end of sequence. Several answers to a "
                "question "
                "give a list in result files, as there.",
            .use = "Word-for-word memory, under teacher forcing."};
  }
  Column column() const override {
    return {.set = source_.set, .name = column_name("exact_memorization", source_.answers)};
  }
  Needs needs() const override { return {.statistics = {{source_, {"greedy"}}}}; }
  Result compute(const Inputs& inputs) const override {
    const bool one = source_.answers != Answers::perturbed;
    return mean_over_samples(inputs, source_,
                             [&](std::size_t, const std::vector<AnswerValues>& answers) -> SampleScore {
                               std::vector<double> shares;
                               records::Json fields = records::Json::array();
                               for (const AnswerValues& answer : answers) {
                                 const std::optional<double> share = share_of(answer);
                                 fields.push_back(share ? records::Json(*share) : records::Json());
                                 if (share) shares.push_back(*share);
                               }
                               return {.value = shares.empty() ? std::nullopt : std::optional(mean(shares)),
                                       .fields = {{"score", one ? fields[0] : fields}}};
                             });
  }

 private:
  static std::optional<double> share_of(const AnswerValues& answer) {
    const auto greedy = answer.inner("greedy");
    return lethe::evaluation::exact_memorization(std::vector<std::uint8_t>(greedy.begin(), greedy.end()));
  }

  Source source_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  Source source = read_source(section);
  section.reject_unknown();
  return std::make_unique<ExactMemorization>(std::move(source));
}

}  // namespace lethe::evaluation::exact_memorization_entry
