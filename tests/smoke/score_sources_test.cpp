// Runs that draw and select by the scores of other runs.
#include <gmock/gmock.h>

#include <algorithm>

#include "tests/smoke/smoke.h"

namespace lethe::smoke {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::vector<double> first_weights(const std::string& run) {
  std::vector<double> weights;
  for (const auto& sample : records::records_of<records::SamplerRecord>(
                                records::read_records(records::RunPaths{run}.records()).entries)
                                .at(0)
                                .weights)
    weights.push_back(sample.probability);
  return weights;
}

// Scores that say what they are sums over: a token that is left out of a score is no part of its length.
TEST_F(Smoke, MrdMeanDividesByTheTokensOfTheScores) {
  ASSERT_EQ(lethe(1, "score configs/smoke/score.yaml --out " + out("source")).exit_code, 0);
  auto entries = records::read_records(records::RunPaths{out("source")}.scores()).entries;
  double sum = 0;
  std::ofstream scores(records::RunPaths{out("source")}.scores());
  for (auto& entry : entries) {
    if (auto* score = std::get_if<records::ScoreRecord>(&entry.record)) {
      *score = {.id = score->id, .row = score->row, .mrd = 1, .tokens = score->row + 1};
      sum += 1 / static_cast<double>(score->tokens);
    }
    scores << records::to_line(entry) << '\n';
  }
  scores.close();
  const Result result =
      lethe(1,
            "train configs/smoke/train.yaml --set sampler=mrd_mean --set train.max_steps=1 --set "
            "eval.before=false --set eval.after=false --set export=false --set score.from=" +
                out("source") + " --out " + out("run"));
  ASSERT_EQ(result.exit_code, 0) << result.output;
  const auto weights = first_weights(out("run"));
  ASSERT_EQ(weights.size(), 40u);
  for (std::size_t i = 0; i < weights.size(); ++i)
    EXPECT_NEAR(weights[i] * sum, 1 / static_cast<double>(i + 1), 1e-12) << i;
}

TEST_F(Smoke, TakesTheFirstScoresOfARunAndLooksWhoseTheyAre) {
  const std::string train =
      "train configs/smoke/train.yaml --set sampler=mrd --set eval.before=false --set eval.after=false --set "
      "export=false --set score.stop.min_draws=2 --set score.stop.max_draws=2 ";
  ASSERT_EQ(
      lethe(1, train + "--set 'score.refresh={name: interval, every: 2}' --out " + out("source")).exit_code,
      0);
  const std::string again = train + "--set train.max_steps=1 --set score.from=" + out("source");
  const Result same = lethe(1, again + " --out " + out("same"));
  ASSERT_EQ(same.exit_code, 0) << same.output;
  EXPECT_EQ(first_weights(out("same")), first_weights(out("source")));
  EXPECT_THAT(same.output, Not(HasSubstr("score.source")));
  const Result other = lethe(1, again + " --set model.seed=4 --out " + out("other"));
  ASSERT_EQ(other.exit_code, 0) << other.output;
  EXPECT_THAT(other.output, HasSubstr("warning[score.source]"));
  EXPECT_THAT(other.output, HasSubstr("scored another model"));
  const Result mode = lethe(1, again + " --set score.mode=mean --out " + out("mode"));
  EXPECT_EQ(mode.exit_code, 78) << mode.output;
  EXPECT_THAT(mode.output, HasSubstr("has scores of mode sum, and score.mode is mean"));
}

TEST_F(Smoke, SaysWhereGradientNormsAreTakenForScores) {
  const std::string score = "score configs/smoke/score.yaml --set score.estimator=", norms = out("norms"),
                    pairs = out("pairs"), says = "mean_abs measures the size of a gradient";
  ASSERT_EQ(lethe(1, score + "mean_abs --out " + norms).exit_code, 0);
  const Result selected =
      lethe(1, score + "auto --set 'data.forget.select={by: mrd, stratum: hard, count: 10, scores: " + norms +
                   "}' --out " + pairs);
  ASSERT_EQ(selected.exit_code, 0) << selected.output;
  EXPECT_THAT(selected.output, HasSubstr("warning[score.source]: data.forget.select.scores: " + norms +
                                         " has scores by mean_abs, and score.estimator is auto"));
  const auto train = [&](const std::string& options) {
    return lethe(1,
                 "train configs/smoke/train.yaml --set sampler=mrd --set train.max_steps=1 --set "
                 "eval.before=false --set eval.after=false --set export=false --set score.from=" +
                     norms + options + " --out " + out(fmt::format("run{}", options.size())));
  };
  const Result taken = train("");
  ASSERT_EQ(taken.exit_code, 0) << taken.output;
  EXPECT_THAT(taken.output, HasSubstr("warning[score.source]: score.from: " + norms));
  EXPECT_THAT(taken.output, HasSubstr(says));
  const Result meant = train(" --set score.estimator=mean_abs");
  ASSERT_EQ(meant.exit_code, 0) << meant.output;
  EXPECT_THAT(meant.output, Not(HasSubstr(says)));
}

TEST_F(Smoke, SelectsForgetSetsOfStatedDifficulty) {
  const auto scores_of = [&](const std::string& name) {
    return records::records_of<records::ScoreRecord>(
        records::read_records(records::RunPaths{out(name)}.scores()).entries);
  };
  ASSERT_EQ(lethe(1, "score configs/smoke/score.yaml --out " + out("all")).exit_code, 0);
  const Result hard = lethe(
      2, fmt::format(
             "score configs/smoke/score.yaml --set 'data.forget.select={{by: mrd, stratum: hard, count: 10, "
             "scores: {}}}' --out {}",
             out("all"), out("hard")));
  ASSERT_EQ(hard.exit_code, 0) << hard.output;
  std::vector<double> all, chosen;
  std::map<std::string, double> by_id;
  for (const auto& score : scores_of("all")) all.push_back(by_id[score.id] = score.mrd);
  for (const auto& score : scores_of("hard")) chosen.push_back(by_id.at(score.id));
  std::ranges::sort(all);
  std::ranges::sort(chosen);
  all.resize(10);
  EXPECT_EQ(chosen, all);
  const auto data = records::records_of<records::DataRecord>(
      records::read_records(records::RunPaths{out("hard")}.records()).entries);
  EXPECT_EQ(data.at(0).selection, "hard by mrd, 10 of 40");
  EXPECT_EQ(data.at(0).selected_ids.size(), 10u);
}

}  // namespace
}  // namespace lethe::smoke
