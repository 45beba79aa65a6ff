#include "framework/run/updates_needed.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>

#include "framework/base/error.h"
#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe::run {
namespace {

using Curve = std::map<std::int64_t, double>;  // updates done to answer probability

std::map<std::string, Curve> curves_of(const std::filesystem::path& run) {
  std::map<std::string, Curve> curves;
  const auto entries = records::read_records(records::RunPaths{run}.records()).entries;
  for (const auto& evaluation : records::records_of<records::EvaluationRecord>(entries)) {
    if (evaluation.set != "forget") continue;
    for (const records::SampleMetrics& sample : evaluation.samples)
      if (const auto found = sample.values.find("probability"); found != sample.values.end())
        curves[sample.id][evaluation.step] = found->second;
  }
  return curves;
}

double first_below(const Curve& curve, double level) {
  auto before = curve.begin();
  if (before->second < level) return static_cast<double>(before->first);
  std::int64_t span = 0;
  for (auto after = std::next(before); after != curve.end(); before = after++) {
    span = after->first - before->first;
    if (!(after->second < level)) continue;
    const double share = (before->second - level) / (before->second - after->second);
    return static_cast<double>(before->first) + share * static_cast<double>(span);
  }
  return static_cast<double>(before->first + span);
}

}  // namespace

std::vector<double> updates_needed(const std::filesystem::path& run, double forgotten_below,
                                   const std::vector<std::string>& ids) {
  if (!std::filesystem::exists(records::RunPaths{run}.records()))
    fail("run.missing", fmt::format("score.later.run: {} has no records.jsonl", run.string()),
         "name the folder of a training run");
  const auto curves = curves_of(run);
  std::vector<double> updates;
  for (const std::string& id : ids) {
    const auto found = curves.find(id);
    const bool evaluated = found != curves.end() && found->second.size() > 1;
    updates.push_back(evaluated ? first_below(found->second, forgotten_below)
                                : std::numeric_limits<double>::quiet_NaN());
  }
  if (std::ranges::all_of(updates, [](double value) { return std::isnan(value); }))
    fail("score.missing",
         fmt::format("score.later.run: {} did not evaluate these forget samples twice or more", run.string()),
         "train it with the same forget set and eval.every");
  return updates;
}

}  // namespace lethe::run
