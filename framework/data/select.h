// A forget set of stated difficulty out of a larger one, so that a method does not win by the luck of its
// samples:
//
//   data: {forget: {path: …, select: {by: mrd, stratum: hard, count: 20, scores: runs/score}}}
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/config/section.h"

namespace lethe::data {

struct SelectOptions {
  std::string by = "mrd";        // mrd, loss (of an earlier scoring), or length (scored tokens)
  std::string stratum = "easy";  // easy, middle, hard, or matched: spread as the whole set is
  std::int64_t count = 0;
  std::string scores;  // run directory of the scoring, for mrd and loss
};

// Nothing where `select` is absent. Errors: config.*, config.required for scores that mrd and loss need.
[[nodiscard]] std::optional<SelectOptions> read_select(config::Section source);

// Places of the chosen samples, ascending; a pure function. `values` [samples]: MRD or loss (large is easy:
// nearly forgotten), or length (short is easy). Equal values go by place. Errors: config.range where count
// exceeds the set.
[[nodiscard]] std::vector<std::int64_t> select(std::span<const double> values, const SelectOptions& options);

}  // namespace lethe::data
