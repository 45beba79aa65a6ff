// Every sample once an epoch, in an order of its own in every epoch. Step s takes places s x size … of the
// epochs strung together, so the size must stay the same over the run; at the seam of two epochs a batch can
// hold a sample twice.
#include "framework/sampling/draw.h"
#include "framework/sampling/sampler.h"

namespace lethe::sampling::shuffle_entry {
namespace {

class Shuffle final : public Sampler {
 public:
  Shuffle() : Sampler(false) {}

  std::vector<std::int64_t> batch(std::uint64_t step, std::int64_t size) const override {
    const auto count = static_cast<std::uint64_t>(inputs().count),
               first = step * static_cast<std::uint64_t>(size);
    std::vector<std::int64_t> ids, order;
    std::uint64_t epoch = ~std::uint64_t{0};
    for (std::uint64_t place = first; place < first + static_cast<std::uint64_t>(size); ++place) {
      if (place / count != epoch) {
        epoch = place / count;
        order =
            permutation(inputs().count, {.seed = inputs().seed, .stream = inputs().stream, .step = epoch});
      }
      ids.push_back(order[place % count]);
    }
    return ids;
  }

 private:
  Weights weigh() const override { return equal_weights(inputs().count); }
};

}  // namespace

std::unique_ptr<Sampler> make(config::Section section) {
  section.reject_unknown();
  return std::make_unique<Shuffle>();
}

}  // namespace lethe::sampling::shuffle_entry
