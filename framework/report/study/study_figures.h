// The figures of a study: groups as points with intervals, curves with bands over seeds, samplers and
// sets of samples side by side.
#pragma once

#include "framework/report/figures/figures.h"
#include "framework/report/study/groups.h"

namespace lethe::report {

[[nodiscard]] Figure pareto_figure(const Study& study);   // forgotten against kept, the front marked
[[nodiscard]] Figure curves_figure(const Study& study);   // loss and terms by step: mean and range over seeds
[[nodiscard]] Figure sampler_figure(const Study& study);  // groups that differ in their sampler only
[[nodiscard]] Figure strata_figure(const Study& study);   // every method on each set of samples to forget

}  // namespace lethe::report
