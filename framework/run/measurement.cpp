#include "framework/run/measurement.h"

#include <algorithm>

#include "framework/data/packing.h"
#include "framework/run/engine.h"
#include "framework/scoring/estimator.h"
#include "framework/scoring/job_grid.h"

namespace lethe::run {
namespace {

planning::PackSize size_of(const data::Document& document) {
  return {.tokens = static_cast<std::int64_t>(document.ids.size()), .scored = document.scored_tokens()};
}

planning::PackSize largest_pack_of(std::span<const data::Document> documents) {
  planning::PackSize largest;
  for (const std::vector<std::int64_t>& pack : data::packs_of(documents)) {
    planning::PackSize size;
    for (const std::int64_t d : pack) {
      const planning::PackSize document = size_of(documents[static_cast<std::size_t>(d)]);
      size.tokens += document.tokens, size.scored += document.scored;
    }
    largest.tokens = std::max(largest.tokens, size.tokens);
    largest.scored = std::max(largest.scored, size.scored);
  }
  return largest;
}

// Where a step is calibrated, some of the samples are packed by themselves, and their packs may be fuller.
planning::PackSize fullest_pack_of(std::span<const data::Document> documents) {
  planning::PackSize largest = largest_pack_of(documents);
  std::int64_t all = 0;
  for (const data::Document& document : documents) all += size_of(document).tokens;
  const std::int64_t tokens = std::max(largest.tokens, std::min(all, data::kPackTokens));
  if (tokens > largest.tokens) largest.scored = largest.scored * tokens / largest.tokens;
  largest.tokens = tokens;
  return largest;
}

planning::PackSize longest_of(std::span<const data::Document> documents) {
  planning::PackSize longest;
  for (const data::Document& document : documents)
    if (const planning::PackSize size = size_of(document); size.tokens > longest.tokens) longest = size;
  return longest;
}

scoring::Precision precision_of(const RunConfig& config) {
  switch (store_options(config).seen()) {
    case at::kDouble:
      return scoring::Precision::float64;
    case at::kBFloat16:
      return scoring::Precision::bfloat16;
    default:
      return scoring::Precision::float32;
  }
}

// Directions that a pass of an estimator walks together; 0 where it perturbs the weights.
std::int64_t directions_of(const std::string& estimator, config::Section options, bool step_given,
                           const RunConfig& config) {
  return scoring::make_estimator(estimator, options,
                                 {.precision = precision_of(config),
                                  .stop = config.score.mrd.stop,
                                  .step_given = step_given,
                                  .says_why = false})
      ->directions();
}

// The second scoring of an analysis takes another estimator than these: analyse_scores.cpp.
std::int64_t directions_of_analysis(const RunConfig& config) {
  const std::string& estimator = config.score.mrd.estimator;
  return estimator == "plain" || estimator == "mean_abs" ? directions_of("auto", {}, false, config) : 0;
}

// At most, of one rank; both signs of a pair are a pass each.
std::int64_t passes_together(const RunConfig& config, std::int64_t packs, bool jets, int ranks) {
  const std::int64_t draws = scoring::draws_that_keep_busy(ranks, packs);
  const std::int64_t jobs = (draws * (jets ? 1 : 2) * packs + ranks - 1) / ranks;
  const bool may_shard = config.parallel.zero != "0" && ranks > 1;
  return std::min(jobs, static_cast<std::int64_t>(scoring::jobs_at_once(jets, may_shard)));
}

}  // namespace

Measurement scoring_measurement(const RunConfig& config, const SampleSets& sets, bool analyse, int ranks) {
  const planning::PackSize longest = longest_of(sets.forget.documents);
  const scoring::MrdOptions& mrd = config.score.mrd;
  const std::int64_t directions =
      directions_of(mrd.estimator, mrd.estimator_options, mrd.sigma_eff.has_value(), config);
  const auto packs = static_cast<std::int64_t>(data::packs_of(sets.forget.documents).size());
  const bool calibrates = directions == 0 && (!mrd.sigma_eff || analyse);
  return {
      .pack = calibrates ? fullest_pack_of(sets.forget.documents) : largest_pack_of(sets.forget.documents),
      .passes = {.perturbs = directions == 0,
                 .together = passes_together(config, packs, directions > 0, ranks),
                 .directions = std::max(directions, analyse ? directions_of_analysis(config) : 0),
                 .longest_document = longest.tokens,
                 .gradient_of = analyse ? longest : planning::PackSize{}}};
}

Measurement evaluation_measurement(const SampleSets& sets) {
  Measurement measurement;
  for (const SampleSet* set : sets.evaluated()) {
    const planning::PackSize pack = largest_pack_of(set->documents);
    measurement.pack.tokens = std::max(measurement.pack.tokens, pack.tokens);
    measurement.pack.scored = std::max(measurement.pack.scored, pack.scored);
  }
  return measurement;
}

}  // namespace lethe::run
