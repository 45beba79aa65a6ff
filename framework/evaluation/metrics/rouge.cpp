// ROUGE of greedy generations.
#include "framework/evaluation/measures/rouge.h"
#include "framework/evaluation/mean_over_samples.h"

namespace lethe::evaluation::rouge_entry {
namespace {

struct Options {
  std::string set = "forget", type = "rougeL_recall";
  bool stem = true;
};

class RougeMetric final : public Metric {
 public:
  explicit RougeMetric(Options options) : options_(std::move(options)) {}

  About about() const override {
    return {.summary = "How much of the right answer the model writes when asked.",
            .formula =
                "ROUGE-1 recall: clipped unigram overlap / words of the answer. ROUGE-L: longest common "
                "subsequence `l`, recall `l/|answer|`, precision `l/|generated|`, F1. Value: mean of `type`.",
            .source = "Lin 2004, as the rouge-score package 0.1.2 counts; OpenUnlearning `rouge`",
            .quirks =
                "Words are stemmed as there (MUSE's own benchmark does not: `stem: false`). The answer is "
                "the decoded conversation without its decoded prompt, as there.",
            .use = "What a user sees. An empty or garbled generation scores 0, so look at fluency too."};
  }
  Column column() const override { return {.set = options_.set, .name = options_.type}; }
  Needs needs() const override { return {.generations = {options_.set}}; }
  Result compute(const Inputs& inputs) const override {
    Result result;
    const auto& generations = inputs.generations.at(options_.set);
    for (std::size_t i = 0; i < generations.size(); ++i) {
      const Generation& g = generations[i];
      const Rouge scores = rouge(g.ground_truth, g.text, options_.stem);
      const double value = options_.type == "rouge1_recall" ? scores.rouge1.recall
                           : options_.type == "rougeL_f1"   ? scores.rougeL.f1
                                                            : scores.rougeL.recall;
      result.samples.push_back({.index = row_of(inputs, options_.set, i),
                                .fields = {{"rouge1_recall", scores.rouge1.recall},
                                           {"rougeL_f1", scores.rougeL.f1},
                                           {"rougeL_recall", scores.rougeL.recall},
                                           {"input", g.input},
                                           {"ground_truth", g.ground_truth},
                                           {"generation", g.text}},
                                .value = value});
    }
    if (result.samples.empty()) return null_result(options_.set + ": nothing was generated");
    result.value = mean(values_of(result.samples));
    return result;
  }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  Options o;
  section.optional("set", o.set, "whose questions are asked")
      .choice("type", o.type, {"rouge1_recall", "rougeL_recall", "rougeL_f1"}, "which score the value is")
      .optional("stem", o.stem, "compare stems instead of words");
  section.reject_unknown();
  return std::make_unique<RougeMetric>(std::move(o));
}

}  // namespace lethe::evaluation::rouge_entry
