// Easy to hard over the run: p ~ m^power with a power that goes linearly from `start` (large scores, read as
// easy, first) to `end` (hard ones last). At power 0 half-way all samples are equally likely.
#include <algorithm>
#include <string>

#include "framework/sampling/sampler.h"

namespace lethe::sampling::curriculum_entry {
namespace {

struct CurriculumOptions {
  std::string by = "mrd";
  double start = 2, end = -2;
  double floor = 0;
};

class Curriculum final : public Sampler {
 public:
  Curriculum(bool replacement, CurriculumOptions options)
      : Sampler(replacement), options_(std::move(options)) {}

  Needs needs() const override {
    const bool loss = options_.by == "loss";
    return {.scores = !loss, .tokens = options_.by == "mrd_mean", .losses = loss, .total_steps = true};
  }

  Weights weights(std::uint64_t step) const override {
    const auto last = static_cast<double>(std::max<std::uint64_t>(inputs().total_steps, 2) - 1);
    const double progress = std::min(static_cast<double>(step) / last, 1.0);
    return at_power(options_.start + (options_.end - options_.start) * progress);
  }

 private:
  Weights weigh() const override { return at_power(options_.start); }

  Weights at_power(double power) const {
    const WeightOptions options{.power = power, .floor = options_.floor};
    if (options_.by == "loss")
      return make_weights({.scores = inputs().losses, .errors = {}, .tokens = {}}, Mode::sum, options);
    const ScoreView view{
        .scores = inputs().scores, .errors = inputs().score_errors, .tokens = inputs().tokens};
    return make_weights(view, options_.by == "mrd" ? Mode::sum : Mode::mean, options);
  }

  CurriculumOptions options_;
};

}  // namespace

std::unique_ptr<Sampler> make(config::Section section) {
  const bool replacement = read_replacement(section);
  CurriculumOptions o;
  section.choice("by", o.by, {"mrd", "mrd_mean", "loss"}, "the score that says what is easy: large is easy")
      .optional("start", o.start, "power of the weights at the first step", config::between(-64, 64))
      .optional("end", o.end, "power of the weights at the last step", config::between(-64, 64))
      .optional("floor", o.floor, "share of the draws that is spread evenly over all samples",
                config::between(0, 1));
  section.reject_unknown();
  return std::make_unique<Curriculum>(replacement, o);
}

}  // namespace lethe::sampling::curriculum_entry
