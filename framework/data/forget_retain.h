// The pair of sets that a run works on.
#pragma once

#include "framework/data/jsonl_reader.h"

namespace lethe::data {

struct ForgetRetain {
  SampleFile forget, retain;
};

// What is to be kept cannot be forgotten. Errors: data.overlap when a sample or a question stands in both
// sets (unless allowed; then it is a warning with the count).
void check_overlap(const Options& options, const std::vector<Sample>& forget,
                   const std::vector<Sample>& retain);

// Both sets. Where a part of the forget set is selected, the rest may be kept: the overlap is the caller's to
// check then. Errors: those of read_samples and check_overlap.
[[nodiscard]] ForgetRetain read_forget_retain(const Options& options);

}  // namespace lethe::data
