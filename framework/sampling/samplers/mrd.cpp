// p ~ MRD: the weights of curriculum gradient ascent (arXiv 2504.06658). Large MRD is read as easily
// forgotten. Being a sum over tokens it favours long samples; `mrd_mean` does not.
#include "framework/sampling/sampler.h"

namespace lethe::sampling::mrd_entry {
namespace {

class Mrd final : public Sampler {
 public:
  Mrd(bool replacement, WeightOptions options) : Sampler(replacement), options_(options) {}
  Needs needs() const override { return {.scores = true}; }

 private:
  Weights weigh() const override {
    return make_weights({.scores = inputs().scores, .errors = inputs().score_errors, .tokens = {}}, Mode::sum,
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
  return std::make_unique<Mrd>(replacement, options);
}

}  // namespace lethe::sampling::mrd_entry
