// How many updates a later training run needed for each sample: what a score of difficulty should foretell.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace lethe::run {

// By id: updates until the answer probability was first below `forgotten_below`, in a straight line between
// the evaluations of the run's forget set; one evaluation beyond the last where it never was. NaN where the
// run did not evaluate the sample. Errors: run.missing, score.missing where there are not two evaluations of
// any sample.
[[nodiscard]] std::vector<double> updates_needed(const std::filesystem::path& run, double forgotten_below,
                                                 const std::vector<std::string>& ids);

}  // namespace lethe::run
