// Whether the truth ratios could be those of a model that never saw the forget set.
#include "framework/base/log.h"
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
                "Null without `eval.retain_log`. Where the two evaluations looked at different rows "
                "(`eval.max_samples`), those that both have are compared, and a warning says so. Exact for "
                "every size: 1e-239 is meant. It tests a "
                "difference, so a p-value near 1 does not prove equality.",
            .use = "The headline of TOFU: above 0.05 is called forgotten."};
  }
  Column column() const override { return {.set = "", .name = "forget_quality"}; }
  Needs needs() const override { return {.results = {options_.of}, .retain_log = true}; }
  Result compute(const Inputs& inputs) const override {
    const Result& here = inputs.results.find(options_.of)->second;
    if (!here.value) return null_result(fmt::format("{}: {}", options_.of, here.reason));
    if (!inputs.retain) return null_result("no retain log (eval.retain_log)");
    return compare(here.samples, entry_with_samples(*inputs.retain, options_.of).samples);
  }
  void check_retain_log(const RetainLog& log) const override { (void)entry_with_samples(log, options_.of); }

 private:
  // Over the rows that both have: an evaluation may have looked at its first samples only.
  Result compare(const std::vector<SampleResult>& here,
                 const std::map<std::int64_t, std::optional<double>>& there) const {
    std::vector<double> values, retrained;
    std::size_t shared = 0;
    for (const SampleResult& sample : here) {
      const auto same_row = there.find(sample.index);
      if (same_row == there.end()) continue;
      ++shared;
      if (sample.value) values.push_back(*sample.value);
      if (same_row->second) retrained.push_back(*same_row->second);
    }
    if (values.empty() || retrained.empty())
      return null_result(fmt::format(
          "`{}` here and in the retain log share no row with a value: evaluate the retrained model "
          "with the same suite and the same sets",
          options_.of));
    if (shared != here.size() || shared != there.size())
      base::warn_once(
          "eval.retain_log",
          fmt::format("forget_quality is of the {} rows of `{}` that both have: {} are here, {} in "
                      "the retain log",
                      shared, options_.of, here.size(), there.size()));
    Result result;
    result.value = lethe::evaluation::forget_quality(values, retrained);
    return result;
  }

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
