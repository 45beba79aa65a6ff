// p ~ MRD per scored token: the score without the length of the sample.
#include "framework/sampling/sampler.h"

namespace lethe::sampling::mrd_mean_entry {
namespace {

class MrdMean final : public Sampler {
 public:
  MrdMean(bool replacement, WeightOptions options) : Sampler(replacement), options_(options) {}
  Needs needs() const override { return {.scores = true, .tokens = true}; }

 private:
  Weights weigh() const override {
    return make_weights(
        {.scores = inputs().scores, .errors = inputs().score_errors, .tokens = inputs().tokens}, Mode::mean,
        options_);
  }

  WeightOptions options_;
};

}  // namespace

std::unique_ptr<Sampler> make(config::Section section) {
  const bool replacement = read_replacement(section);
  WeightOptions options;
  read(section, options);
  section.reject_unknown();
  return std::make_unique<MrdMean>(replacement, options);
}

}  // namespace lethe::sampling::mrd_mean_entry
