// How far membership inference is from where it is on a model that never saw the forget set.
#include "framework/evaluation/measures/statistics.h"
#include "framework/evaluation/metric.h"

namespace lethe::evaluation::privleak_entry {
namespace {

struct Options {
  std::string of = "mia_min_k";
  double ref_value = 0.5;
};

class Privleak final : public Metric {
 public:
  explicit Privleak(Options options) : options_(std::move(options)) {}

  About about() const override {
    return {.summary =
                "How far membership inference is from where it is on a model that never saw the forget set.",
            .formula = "`s = 1 - AUC`, `r = 1 - AUC` of the retrained model; `100 (s - r)/(r + 1e-10)`.",
            .source = "MUSE, arXiv 2407.06460; OpenUnlearning `privleak`",
            .quirks =
                "Without `eval.retain_log` the retrained AUC is `ref_value`. The sign is that of MUSE: "
                "negative = under-unlearned, positive = over-unlearned, 0 is ideal.",
            .use = "Privacy; needs a holdout set of the same kind as the forget set."};
  }
  Column column() const override { return {.set = "", .name = "privleak"}; }
  Needs needs() const override { return {.results = {options_.of}}; }
  Result compute(const Inputs& inputs) const override {
    const Result& here = inputs.results.find(options_.of)->second;
    if (!here.value) return null_result(fmt::format("{}: {}", options_.of, here.reason));
    double reference = options_.ref_value;  // an AUC, as OpenUnlearning reads it
    if (inputs.retain) {
      const RetainEntry& there = entry_of(*inputs.retain, options_.of);
      if (!there.value)
        return null_result(fmt::format(
            "{} is null in the retain log: evaluate the retrained model with a holdout set (eval.sets)",
            options_.of));
      warn_of_other_samples("privleak", here, there);
      reference = *there.value;
    }
    Result result;
    result.value = privacy_leakage(*here.value, reference);
    return result;
  }
  void check_retain_log(const RetainLog& log) const override { (void)entry_of(log, options_.of); }

 private:
  Options options_;
};

}  // namespace

std::unique_ptr<Metric> make(config::Section section) {
  Options o;
  section.optional("of", o.of, "the attack")
      .optional("ref_value", o.ref_value, "AUC of the retrained model where there is no retain log",
                config::between(0, 1));
  section.reject_unknown();
  return std::make_unique<Privleak>(std::move(o));
}

}  // namespace lethe::evaluation::privleak_entry
