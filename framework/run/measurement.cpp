#include "framework/run/measurement.h"

#include <algorithm>
#include <numeric>

#include "framework/data/packing.h"
#include "framework/run/command_config.h"
#include "framework/run/engine.h"
#include "framework/run/evaluate_sets.h"
#include "framework/run/evaluated_engine.h"
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

// Documents of which only the lengths are read.
struct AnyTexts {
  explicit AnyTexts(const std::vector<SampleLength>& lengths) {
    for (const SampleLength& sample : lengths)
      text.resize(std::max(text.size(), static_cast<std::size_t>(sample.tokens)));
    for (const SampleLength& sample : lengths)
      documents.push_back({.ids = std::span(text).first(static_cast<std::size_t>(sample.tokens)),
                           .prompt_tokens = sample.tokens - sample.scored});
  }
  std::vector<std::int32_t> text;
  std::vector<data::Document> documents;
};

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

planning::PackSize larger(const planning::PackSize& a, const planning::PackSize& b) {
  return {.tokens = std::max(a.tokens, b.tokens),
          .scored = std::max(a.scored, b.scored),
          .statistics = a.statistics};
}

// The others are of another model or another kind of pass.
bool is_token_statistic(const std::string& name) {
  return name != evaluation::kReferenceLogProb && name != evaluation::kGradientNorm;
}

const SampleSet* find_set(std::span<const SampleSet* const> sets, const std::string& name) {
  const auto found = std::ranges::find(sets, name, [](const SampleSet* set) { return set->name; });
  return found == sets.end() ? nullptr : *found;
}

// Other answers are tokenised when they are measured; until then they count as long as the right ones.
planning::PackSize largest_pack_of(evaluation::Answers answers, const SampleSet& set,
                                   std::span<const data::Document> documents) {
  if (answers == evaluation::Answers::right) return largest_pack_of(documents);
  std::size_t each = 1;
  if (answers == evaluation::Answers::perturbed)
    for (const data::Sample& sample : set.samples) each = std::max(each, sample.perturbed_answers.size());
  planning::PackSize all = sum_of(documents);
  all.tokens *= static_cast<std::int64_t>(each), all.scored *= static_cast<std::int64_t>(each);
  return fullest_pack(all, longest_of(documents).tokens);
}

// In batches as evaluation/ cuts them: prompts of similar length.
void add_generations(const RunConfig& config, const SampleSet& set, planning::Evaluating& passes) {
  std::size_t count = looked_at(config, set);
  if (config.eval.max_generations > 0)
    count = std::min(count, static_cast<std::size_t>(config.eval.max_generations));
  std::vector<std::int64_t> prompts;
  for (const data::Document& document : std::span(set.documents).first(count))
    prompts.push_back(std::max<std::int64_t>(document.prompt_tokens, 1));
  std::ranges::sort(prompts);
  const auto batch = static_cast<std::size_t>(config.eval.batch);
  for (std::size_t first = 0; first < prompts.size(); first += batch) {
    const auto together = std::span(prompts).subspan(first, std::min(batch, prompts.size() - first));
    const auto sequences = static_cast<std::int64_t>(together.size());
    passes.prompts = larger(
        passes.prompts,
        {.tokens = std::accumulate(together.begin(), together.end(), std::int64_t{0}), .scored = sequences});
    passes.cached_tokens =
        std::max(passes.cached_tokens, sequences * (together.back() + config.eval.max_new_tokens));
  }
}

}  // namespace

planning::Measuring scoring_passes(const RunConfig& config, const DataLengths& data, bool analyse,
                                   int ranks) {
  if (data.forget.empty()) return {};
  return passes_over(AnyTexts(data.forget).documents, config, analyse, ranks);
}

planning::Measuring evaluation_passes(const RunConfig& config, std::span<const SampleSet* const> sets) {
  const evaluation::Needs needs = needs_of_evaluation(config, sets);
  planning::Evaluating passes;
  bool compares = false;
  std::vector<std::string> read = {"log_prob"};
  for (const auto& [source, statistics] : needs.statistics) {
    const SampleSet* set = find_set(sets, source.set);
    if (set == nullptr) continue;
    const auto documents = std::span(set->documents).first(looked_at(config, *set));
    const bool gradient = statistics.contains(std::string(evaluation::kGradientNorm));
    if (gradient) passes.gradient_of = larger(passes.gradient_of, longest_of(documents));
    if (statistics.size() > (gradient ? 1 : 0))
      passes.pack = larger(passes.pack, largest_pack_of(source.answers, *set, documents));
    compares |= statistics.contains(std::string(evaluation::kReferenceLogProb));
    std::ranges::copy_if(statistics, std::back_inserter(read), is_token_statistic);
  }
  passes.pack.statistics = ops::held_by(read);
  if (compares && !config.eval.reference.empty())
    passes.reference = {models::make_decoder_model(reference_shape(config))};
  for (const std::string& name : needs.generations)
    if (const SampleSet* set = find_set(sets, name)) add_generations(config, *set, passes);
  return {.evaluation = passes};
}

planning::Measuring refresh_passes(const RunConfig& config, const DataLengths& data, int ranks) {
  const bool measures = config.score.from.empty() || config.score.refresh.policy != "never";
  if (!config.sampler->needs().scores || !draws_forget_samples(config) || !measures) return {};
  return scoring_passes(config, data, /*analyse=*/false, ranks);
}

planning::PackSize pack_of_whole_sets(const RunConfig& config, const DataLengths& data) {
  using objectives::Role;
  const objectives::Needs needs = config.objective->needs();
  const bool looks = draws_forget_samples(config) &&
                     (config.sampler->needs().losses ||
                      (config.sampler->needs().scores && config.score.refresh.policy == "loss"));
  planning::PackSize pack;
  for (const auto& [lengths, read] :
       {std::pair(&data.forget, looks || needs[Role::forget].reference_log_prob),
        {&data.retain, needs[Role::retain].reference_log_prob},
        {&data.alternate, needs[Role::alternate].reference_log_prob},
        {&data.retain_alternate, needs[Role::retain_alternate].reference_log_prob}})
    if (read) pack = larger(pack, largest_pack_of(AnyTexts(*lengths).documents));
  return pack;
}

}  // namespace lethe::run
