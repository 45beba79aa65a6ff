// p ~ mean negative log-likelihood of a scored token. A larger loss is forgotten in fewer updates, so this
// goes easy first at the price of a plain forward; a negative power prefers what is known best.
#include "framework/sampling/sampler.h"

namespace lethe::sampling::loss_entry {
namespace {

class Loss final : public Sampler {
 public:
  Loss(bool replacement, WeightOptions options) : Sampler(replacement), options_(options) {}
  Needs needs() const override { return {.losses = true}; }

 private:
  Weights weigh() const override {
    return make_weights({.scores = inputs().losses, .errors = {}, .tokens = {}}, Mode::sum, options_);
  }

  WeightOptions options_;
};

}  // namespace

std::unique_ptr<Sampler> make(config::Section section) {
  const bool replacement = read_replacement(section);
  WeightOptions options;
  read(section, options);
  section.reject_unknown();
  return std::make_unique<Loss>(replacement, options);
}

}  // namespace lethe::sampling::loss_entry
