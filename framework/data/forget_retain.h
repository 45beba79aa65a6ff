// The pair of sets that a run works on.
#pragma once

#include "framework/data/jsonl_reader.h"

namespace lethe::data {

struct ForgetRetain {
  SampleFile forget, retain;
};

// Errors: those of read_samples; data.overlap when a sample or a question stands in both sets (unless
// allowed; then it is a warning with the count).
[[nodiscard]] ForgetRetain read_forget_retain(const Options& options);

}  // namespace lethe::data
