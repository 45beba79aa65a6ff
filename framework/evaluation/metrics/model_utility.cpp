// What the model is still good for, as one number.
#include "framework/base/error.h"
#include "framework/evaluation/measures/statistics.h"
#include "framework/evaluation/metric.h"

namespace lethe::evaluation::model_utility_entry {
namespace {

struct Options {
  std::vector<std::string> of = {"retain_Q_A_Prob",        "retain_Q_A_ROUGE", "retain_Truth_Ratio",
                                 "ra_Q_A_Prob_normalised", "ra_Q_A_ROUGE",     "ra_Truth_Ratio",
                                 "wf_Q_A_Prob_normalised", "wf_Q_A_ROUGE",     "wf_Truth_Ratio"};
};

class ModelUtility final : public Metric {
 public:
  explicit ModelUtility(Options options) : options_(std::move(options)) {}

  About about() const override {
    return {
        .summary = "What the model is still good for, as one number.",
        .formula = "The harmonic mean of the values of the metrics `of`; 0 as soon as one is 0.",
        .source = "TOFU, arXiv 2401.06121; OpenUnlearning `model_utility`",
        .quirks =
            "TOFU takes nine: probability, ROUGE and truth ratio of the retain set, the real authors and the "
            "world facts; the retain set with its plain probability, the others with the one among options.",
        .use = "The other axis of every TOFU figure."};
  }
  Column column() const override { return {.set = "", .name = "model_utility"}; }
  Needs needs() const override { return {.results = options_.of}; }
  Result compute(const Inputs& inputs) const override {
    std::vector<double> values;
    for (const std::string& name : options_.of) {
      const Result& part = inputs.results.find(name)->second;
      if (!part.value) return null_result(fmt::format("{}: {}", name, part.reason));
      if (*part.value < 0)
        return null_result(fmt::format("{} is {}, and a harmonic mean has none below 0", name, *part.value));
      values.push_back(*part.value);
    }
    Result result;
    result.value = harmonic_mean(values);
    return result;
  }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  Options o;
  section.optional("of", o.of, "names of the metrics that it is made of");
  section.reject_unknown();
  if (o.of.empty())
    fail("config.range", "model_utility: `of` is empty, and of nothing there is no mean",
         "name a metric, or leave `of` out");
  return std::make_unique<ModelUtility>(std::move(o));
}

}  // namespace lethe::evaluation::model_utility_entry
