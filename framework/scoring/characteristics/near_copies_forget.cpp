// The largest share of a sample's scored 3-grams that one other forget sample also has: forgetting the one
// helps to forget the other.
#include "framework/scoring/characteristic.h"
#include "framework/scoring/ngram_overlap.h"

namespace lethe::scoring::characteristics::near_copies_forget_entry {

std::vector<double> make(const Inputs& inputs) {
  return largest_overlap(inputs.forget, inputs.forget, /*same_set=*/true);
}

}  // namespace lethe::scoring::characteristics::near_copies_forget_entry
