// Entropy of the n-grams of what the model writes.
#include "framework/evaluation/mean_over_samples.h"
#include "framework/evaluation/measures/ngrams.h"
#include "framework/evaluation/measures/rouge.h"

namespace lethe::evaluation::ngram_entropy_entry {
namespace {

class NgramEntropy final : public Metric {
 public:
  explicit NgramEntropy(std::string set) : set_(std::move(set)) {}

  About about() const override {
    return {.summary = "Whether the model still writes text, or repeats itself.",
            .formula =
                "`(2/3 H_2 + 4/3 H_3) / 2`, `H_n = -sum f log2 f` over the relative frequencies of the "
                "n-grams of words of one generation. Value: mean over samples.",
            .source = "Zhang et al., arXiv 1809.05972; weights of ROME, arXiv 2202.05262",
            .quirks =
                "Words are lower-case letters and digits, unstemmed. A text of fewer than n words has "
                "`H_n = 0`, so short right answers score low: compare with the model before.",
            .use = "To tell forgetting from collapse, beside ROUGE."};
  }
  Column column() const override { return {.set = set_, .name = "ngram_entropy"}; }
  Needs needs() const override { return {.generations = {set_}}; }
  Result compute(const Inputs& inputs) const override {
    Result result;
    const auto& generations = inputs.generations.at(set_);
    for (std::size_t i = 0; i < generations.size(); ++i) {
      const auto words = rouge_tokens(generations[i].text, false);
      const double value =
          (2.0 / 3 * entropy_of_ngrams(words, 2) + 4.0 / 3 * entropy_of_ngrams(words, 3)) / 2;
      result.samples.push_back({.index = row_of(inputs, set_, i),
                                .fields = {{"score", value}, {"generation", generations[i].text}},
                                .value = value});
    }
    if (result.samples.empty()) return null_result(set_ + ": nothing was generated");
    result.value = mean(values_of(result.samples));
    return result;
  }

 private:
  std::string set_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  std::string set = "forget";
  section.optional("set", set, "whose questions are asked");
  section.reject_unknown();
  return std::make_unique<NgramEntropy>(std::move(set));
}

}  // namespace lethe::evaluation::ngram_entropy_entry
