// The largest share of a sample's scored 3-grams that one retain sample also has: what is kept may keep it
// alive.
#include "framework/scoring/characteristic.h"
#include "framework/scoring/ngram_overlap.h"

namespace lethe::scoring::characteristics::near_copies_retain_entry {

std::vector<double> make(const Inputs& inputs) {
  return largest_overlap(inputs.forget, inputs.retain, /*same_set=*/false);
}

}  // namespace lethe::scoring::characteristics::near_copies_retain_entry
