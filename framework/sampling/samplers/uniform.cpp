// All samples equally likely at every step.
#include "framework/sampling/sampler.h"

namespace lethe::sampling::uniform_entry {
namespace {

class Uniform final : public Sampler {
 public:
  explicit Uniform(bool replacement) : Sampler(replacement) {}

 private:
  Weights weigh() const override { return equal_weights(inputs().count); }
};

}  // namespace

std::unique_ptr<Sampler> make(config::Section section) {
  const bool replacement = read_replacement(section);
  section.reject_unknown();
  return std::make_unique<Uniform>(replacement);
}

}  // namespace lethe::sampling::uniform_entry
