// How much of a document's scored text stands, three tokens at a time, in one document of another set.
#pragma once

#include <span>
#include <vector>

#include "framework/data/packing.h"

namespace lethe::scoring {

// For each document of `of`: the largest share, over the documents of `in`, of its distinct scored 3-grams
// that the other document's scored tokens also have; 0 for a document of fewer than three scored tokens.
// same_set: `in` is `of`, and a document is not compared with itself.
[[nodiscard]] std::vector<double> largest_overlap(std::span<const data::Document> of,
                                                  std::span<const data::Document> in, bool same_set);

}  // namespace lethe::scoring
