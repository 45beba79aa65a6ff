// How far any metric is from the retrained model's, in per cent.
#include "framework/base/error.h"
#include "framework/evaluation/measures/statistics.h"
#include "framework/evaluation/metric.h"

namespace lethe::evaluation::rel_diff_entry {
namespace {

struct Options {
  std::string of = "forget_truth_ratio";
  std::optional<double> ref_value;
};

class RelativeDifference final : public Metric {
 public:
  explicit RelativeDifference(Options options) : options_(std::move(options)) {}

  About about() const override {
    return {.summary = "How far any metric is from the retrained model's, in per cent.",
            .formula =
                "`100 (v - v_ref)/(v_ref + 1e-10)`, `v_ref` the retain log's value of the metric `of`, or "
                "`ref_value`.",
            .source = "OpenUnlearning `rel_diff`",
            .quirks = "Null where neither is given.",
            .use = "Distance to retrained, for metrics that have no test of their own."};
  }
  Column column() const override { return {.set = "", .name = "rel_diff_" + options_.of}; }
  Needs needs() const override { return {.results = {options_.of}, .retain_log = !options_.ref_value}; }
  Result compute(const Inputs& inputs) const override {
    const Result& here = inputs.results.find(options_.of)->second;
    if (!here.value) return null_result(fmt::format("{}: {}", options_.of, here.reason));
    std::optional<double> reference = options_.ref_value;
    if (inputs.retain) {
      const auto there = inputs.retain->find(options_.of);
      if (there != inputs.retain->end() && there->second.value) {
        warn_of_other_samples(column().name, here, there->second);
        reference = there->second.value;
      }
    }
    if (!reference) return null_result(fmt::format("no retain log with `{}`, and no ref_value", options_.of));
    Result result;
    result.value = relative_difference(*here.value, *reference);
    return result;
  }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  Options o;
  section.optional("of", o.of, "the metric")
      .maybe("ref_value", o.ref_value, "the retrained model's value where there is no retain log");
  section.reject_unknown();
  return std::make_unique<RelativeDifference>(std::move(o));
}

}  // namespace lethe::evaluation::rel_diff_entry
