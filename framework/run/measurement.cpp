#include "framework/run/measurement.h"

#include <algorithm>

#include "framework/data/packing.h"
#include "framework/run/command_config.h"
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

// Where a step is calibrated, some of the samples are packed by themselves, and their packs may be as full as
// a pack may be.
planning::PackSize fullest_pack(const planning::PackSize& all, std::int64_t longest) {
  const std::int64_t tokens = std::min(all.tokens, std::max(data::kPackTokens, longest));
  return {.tokens = tokens, .scored = all.scored * tokens / std::max<std::int64_t>(all.tokens, 1)};
}

planning::PackSize sum_of(std::span<const data::Document> documents) {
  planning::PackSize sum;
  for (const data::Document& document : documents)
    sum.tokens += size_of(document).tokens, sum.scored += size_of(document).scored;
  return sum;
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

std::int64_t directions_of_scoring(const RunConfig& config) {
  const scoring::MrdOptions& mrd = config.score.mrd;
  return directions_of(mrd.estimator, mrd.estimator_options, mrd.sigma_eff.has_value(), config);
}

// The second scoring of an analysis is given no step, and takes another estimator than these:
// analyse_scores.cpp.
std::int64_t directions_of_analysis(const RunConfig& config) {
  const scoring::MrdOptions& mrd = config.score.mrd;
  const bool other = mrd.estimator == "plain" || mrd.estimator == "mean_abs";
  return other ? directions_of("auto", {}, false, config)
               : directions_of(mrd.estimator, mrd.estimator_options, false, config);
}

// At most, of one rank; both signs of a pair are a pass each.
std::int64_t passes_together(const RunConfig& config, std::int64_t packs, bool jets, int ranks) {
  const std::int64_t draws = scoring::draws_that_keep_busy(ranks, packs);
  const std::int64_t jobs = (draws * (jets ? 1 : 2) * packs + ranks - 1) / ranks;
  const bool may_shard = config.parallel.zero != "0" && ranks > 1;
  return std::min(jobs, static_cast<std::int64_t>(scoring::jobs_at_once(jets, may_shard)));
}

planning::Measuring passes_over(std::span<const data::Document> documents, const RunConfig& config,
                                bool analyse, int ranks) {
  const planning::PackSize longest = longest_of(documents);
  const std::int64_t directions = directions_of_scoring(config),
                     of_analysis = analyse ? directions_of_analysis(config) : directions;
  const bool calibrates = (directions == 0 && !config.score.mrd.sigma_eff) || (analyse && of_analysis == 0);
  return {.pack = calibrates ? fullest_pack(sum_of(documents), longest.tokens) : largest_pack_of(documents),
          .perturbs = directions == 0,
          .together = passes_together(config, static_cast<std::int64_t>(data::packs_of(documents).size()),
                                      directions > 0, ranks),
          .directions = std::max(directions, of_analysis),
          .longest_document = longest.tokens,
          .gradient_of = analyse ? longest : planning::PackSize{}};
}

}  // namespace

planning::Measuring scoring_passes(const RunConfig& config, const DataLengths& data, bool analyse,
                                   int ranks) {
  if (data.forget.empty()) return {};
  const std::vector<std::int32_t> any_text(static_cast<std::size_t>(
      std::ranges::max(data.forget, {}, &SampleLength::tokens).tokens));  // only lengths are read
  std::vector<data::Document> documents;
  for (const SampleLength& sample : data.forget)
    documents.push_back({.ids = std::span(any_text).first(static_cast<std::size_t>(sample.tokens)),
                         .prompt_tokens = sample.tokens - sample.scored});
  return passes_over(documents, config, analyse, ranks);
}

planning::Measuring evaluation_passes(const SampleSets& sets) {
  planning::Measuring passes;
  for (const SampleSet* set : sets.evaluated()) {
    const planning::PackSize pack = largest_pack_of(set->documents);
    passes.pack.tokens = std::max(passes.pack.tokens, pack.tokens);
    passes.pack.scored = std::max(passes.pack.scored, pack.scored);
  }
  return passes;
}

planning::Measuring refresh_passes(const RunConfig& config, const DataLengths& data, int ranks) {
  const bool measures = config.score.from.empty() || config.score.refresh.policy != "never";
  if (!config.sampler->needs().scores || !draws_forget_samples(config) || !measures) return {};
  return scoring_passes(config, data, /*analyse=*/false, ranks);
}

}  // namespace lethe::run
