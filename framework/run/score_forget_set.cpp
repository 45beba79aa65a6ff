#include "framework/run/score_forget_set.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <numeric>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/records/reader.h"
#include "framework/scoring/walked_model.h"

namespace lethe::run {
namespace {

void record_scores(const RunConfig& config, const scoring::MrdResult& result, const SampleSet& forget,
                   std::int64_t step, double seconds, RunOutput& output) {
  output.append_score(
      records::ScoringRecord{.step = step,
                             .estimator = config.score.mrd.estimator,
                             .mode = config.score.mrd.mode == scoring::Mode::sum ? "sum" : "mean",
                             .sigma = result.sigma,
                             .sigma_eff = result.sigma_eff,
                             .draws = result.draws,
                             .num_samples = static_cast<std::int64_t>(result.samples.size()),
                             .num_unresolved = result.unresolved,
                             .tv_hat = result.total_variation,
                             .reliability = result.plain_relative_error,
                             .effective_samples = result.effective_samples,
                             .seconds = seconds});
  for (std::size_t i = 0; i < result.samples.size(); ++i) {
    const scoring::ScoredSample& s = result.samples[i];
    output.append_score(records::ScoreRecord{.step = step,
                                             .id = forget.samples[i].id,
                                             .row = forget.samples[i].row,
                                             .mrd = s.score,
                                             .standard_error = s.standard_error,
                                             .tokens = s.tokens,
                                             .loss = s.loss,
                                             .resolved = s.resolved});
  }
}

// By row: what is to be forgotten is not repeated on terminals and in their logs.
void say_extremes(const scoring::MrdResult& result, const SampleSet& forget) {
  std::vector<std::size_t> order(result.samples.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::sort(order, std::greater<>(), [&](std::size_t i) { return result.samples[i].score; });
  const auto say = [&](const char* what, std::size_t i) {
    const scoring::ScoredSample& s = result.samples[i];
    spdlog::info("  {} {:.3e} ± {:.1e}  {:3} tokens  row {}", what, s.score, s.standard_error, s.tokens,
                 forget.samples[i].row + 1);
  };
  const std::size_t shown = std::min<std::size_t>(3, order.size());
  for (std::size_t i = 0; i < shown; ++i) say("easiest", order[i]);
  for (std::size_t i = order.size() - shown; i < order.size(); ++i) say("hardest", order[i]);
}

}  // namespace

ForgetScores score_forget_set(const RunConfig& config, Engine& engine, const SampleSets& sets,
                              std::uint32_t refresh, std::int64_t step, RunOutput& output) {
  const auto start = std::chrono::steady_clock::now();
  scoring::WalkedModel model(*engine.walk, *engine.weights, engine.world, sets.forget.documents);
  scoring::MrdRun scoring(model, config.score.mrd, refresh, engine.model_hash + sets.forget.store_key);
  while (!scoring.done()) {
    scoring.advance();
    spdlog::info("score: {} draws of {} samples, {:.1f} s", scoring.state().draws.size(),
                 sets.forget.samples.size(),
                 std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  const scoring::MrdResult result = scoring.result();
  const double seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const std::string& warning : result.warnings) {  // "score.bias: …"
    const std::size_t colon = warning.find(": ");
    base::warn_once(warning.substr(0, colon), warning.substr(std::min(colon + 2, warning.size())));
  }
  spdlog::info(
      "score: sigma {:.0e} (measured at {:.1e}), {} draws, weights off by {:.1f} % (expected total "
      "variation), {} of {} unresolved; one plain draw would be off by {:.0f} %",
      result.sigma, result.sigma_eff, result.draws, 100 * result.total_variation, result.unresolved,
      result.samples.size(), 100 * result.plain_relative_error);
  say_extremes(result, sets.forget);
  record_scores(config, result, sets.forget, step, seconds, output);
  ForgetScores scores;
  for (const scoring::ScoredSample& s : result.samples) {
    scores.score.push_back(s.score);
    scores.standard_error.push_back(s.standard_error);
    scores.loss.push_back(s.loss);
    scores.tokens.push_back(s.tokens);
  }
  return scores;
}

ForgetScores scores_from_run(const std::filesystem::path& folder, const SampleSet& forget) {
  const auto file = records::RunPaths{folder}.scores();
  if (!std::filesystem::exists(file))
    fail("run.missing", fmt::format("score.from: {} has no scores.jsonl", folder.string()),
         "make it with: lethe score FILE --out " + folder.string());
  std::map<std::string, records::ScoreRecord> by_id;  // the latest of each sample
  for (const records::ScoreRecord& record :
       records::records_of<records::ScoreRecord>(records::read_records(file).entries))
    by_id[record.id] = record;
  ForgetScores scores;
  for (const data::Sample& sample : forget.samples) {
    const auto found = by_id.find(sample.id);
    if (found == by_id.end())
      fail(
          "score.missing",
          fmt::format("score.from: {} has no score of row {} of the forget set", folder.string(), sample.row),
          "score the same forget set");
    scores.score.push_back(found->second.mrd);
    scores.standard_error.push_back(found->second.standard_error);
    scores.loss.push_back(found->second.loss);
    scores.tokens.push_back(found->second.tokens);
  }
  return scores;
}

}  // namespace lethe::run
