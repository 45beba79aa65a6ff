// Whether the truth ratios could be those of a model that never saw the forget set.
#include "framework/evaluation/measures/statistics.h"
#include "framework/evaluation/metric.h"

namespace lethe::evaluation::forget_quality_entry {
namespace {

struct Options {
  std::string of = "forget_truth_ratio";
};

class ForgetQuality final : public Metric {
 public:
  explicit ForgetQuality(Options options) : options_(std::move(options)) {}

  About about() const override {
    return {.summary = "Whether the truth ratios could be those of a model that never saw the forget set.",
            .formula =
                "The p-value of the exact two-sample two-sided Kolmogorov-Smirnov test between the "
                "per-sample values of the metric `of`, of this model and of the retrained one.",
            .source = "TOFU, arXiv 2401.06121; OpenUnlearning `forget_quality`",
            .quirks =
                "Null without `eval.retain_log`. Exact for every size: 1e-239 is meant. It tests a "
                "difference, so a p-value near 1 does not prove equality.",
            .use = "The headline of TOFU: above 0.05 is called forgotten."};
  }
  Column column() const override { return {.set = "", .name = "forget_quality"}; }
  Needs needs() const override { return {.results = {options_.of}}; }
  Result compute(const Inputs& inputs) const override {
    const Result& here = inputs.results.find(options_.of)->second;
    if (!here.value) return null_result(fmt::format("{}: {}", options_.of, here.reason));
    if (!inputs.retain) return null_result("no retain log (eval.retain_log)");
    Result result;
    result.value =
        lethe::evaluation::forget_quality(values_of(here.samples), scores_in(*inputs.retain, options_.of));
    return result;
  }
  void check_retain_log(const RetainLog& log) const override { (void)scores_in(log, options_.of); }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  Options o;
  section.optional("of", o.of, "the metric whose samples are compared; also its name in the retain log");
  section.reject_unknown();
  return std::make_unique<ForgetQuality>(std::move(o));
}

}  // namespace lethe::evaluation::forget_quality_entry
