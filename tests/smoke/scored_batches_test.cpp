// Trainings whose batches go by scores or losses: when these are measured again, and by how many ranks.
#include <gmock/gmock.h>

#include <functional>

#include "tests/smoke/smoke.h"

namespace lethe::smoke {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// Scored before updates 1 and 3, and drawn by sharpened weights: what a batch holds is told by the scores.
TEST_F(Smoke, BatchesByScoresDoNotKnowTheWorld) {
  std::map<int, std::vector<std::vector<std::string>>> batches;
  for (const int ranks : {1, 2, 3}) {
    const std::string name = fmt::format("world{}", ranks);
    const Result result = lethe(
        ranks,
        "train configs/smoke/train.yaml --set 'sampler={name: mrd, power: 4}' --set train.max_steps=4 --set "
        "score.sigma_eff=1e-2 --set score.stop.min_draws=2 --set score.stop.max_draws=2 --set "
        "'score.refresh={name: interval, every: 2}' --set eval.before=false --set eval.after=false --set "
        "export=false --out " +
            out(name));
    ASSERT_EQ(result.exit_code, 0) << result.output;
    for (const auto& step : records::records_of<records::StepRecord>(
             records::read_records(records::RunPaths{out(name)}.records()).entries))
      batches[ranks].push_back(step.forget_ids);
  }
  ASSERT_EQ(batches[1].size(), 4u);
  for (const auto& batch : batches[1]) EXPECT_EQ(batch.size(), 4u);
  EXPECT_EQ(batches[2], batches[1]);
  EXPECT_EQ(batches[3], batches[1]);
}

// Two batches of 20 are the 40 samples: an epoch has two updates.
TEST_F(Smoke, ScoresAgainWhenTheForgetLossGrows) {
  const auto scorings = [&](const std::string& objective, double rate) {
    const std::string name = fmt::format("{}{}", std::hash<std::string>()(objective), rate);
    const Result result = lethe(
        1, fmt::format("train configs/smoke/train.yaml --set 'objective={}' --set sampler=mrd --set "
                       "train.forget_batch=20 --set train.learning_rate={} --set score.stop.min_draws=2 "
                       "--set score.stop.max_draws=2 --set 'score.refresh={{name: loss, nats: 0.05}}' --set "
                       "eval.before=false --set eval.after=false --set export=false --out {}",
                       objective, rate, out(name)));
    EXPECT_EQ(result.exit_code, 0) << result.output;
    const auto records = records::records_of<records::ScoringRecord>(
        records::read_records(records::RunPaths{out(name)}.scores()).entries);
    const bool looks = objective != "grad_ascent";  // its batches do not tell the loss of the answers
    EXPECT_THAT(result.output, HasSubstr(fmt::format("score: {} scorings{} took ", records.size(),
                                                     looks ? " and 2 looks at the losses" : "")));
    return records.size();
  };
  EXPECT_GE(scorings("grad_ascent", 1e-2), 2u);
  EXPECT_EQ(scorings("grad_ascent", 1e-9), 1u);
  EXPECT_GE(scorings("ce_u", 1e-2), 2u);
  EXPECT_EQ(scorings("ce_u", 1e-9), 1u);
  EXPECT_EQ(scorings("{name: undial, compat: openunlearning}", 1e-9), 1u);
  EXPECT_EQ(scorings("{name: grad_ascent, compat: openunlearning}", 1e-9), 1u);  // hides tokens like the pad
}

// Ten batches of 4 are the 40 samples.
TEST_F(Smoke, LooksAtTheLossesAsOftenAsAsked) {
  const std::string train =
      "train configs/smoke/train.yaml --set train.learning_rate=1e-2 --set score.stop.min_draws=2 --set "
      "score.stop.max_draws=2 --set eval.before=false --set eval.after=false --set export=false --out ";
  const auto records = [&](const std::string& name) {
    return records::records_of<records::SamplerRecord>(
        records::read_records(records::RunPaths{out(name)}.records()).entries);
  };
  const Result once = lethe(1, train + out("once") + " --set sampler=loss");
  ASSERT_EQ(once.exit_code, 0) << once.output;
  EXPECT_THAT(once.output,
              HasSubstr("warning[score.look_every]: the sampler `loss` looks at the losses every 10 "
                        "updates, and the run has 6"));
  EXPECT_EQ(records("once").size(), 1u);
  const Result often = lethe(1, train + out("often") + " --set sampler=loss --set score.look_every=2");
  ASSERT_EQ(often.exit_code, 0) << often.output;
  EXPECT_THAT(often.output,
              AllOf(Not(HasSubstr("score.look_every")), HasSubstr("score: 3 looks at the losses took")));
  const auto changing = records("often");
  ASSERT_EQ(changing.size(), 3u);
  EXPECT_EQ(changing[2].step, 4);
  EXPECT_NE(changing[2].weights[0].probability, changing[0].weights[0].probability);
  const Result idle = lethe(1, train + out("idle") + " --set sampler=mrd --set score.look_every=2");
  ASSERT_EQ(idle.exit_code, 0) << idle.output;
  EXPECT_THAT(idle.output, AllOf(HasSubstr("warning[score.look_every]: score.look_every: 2 does nothing"),
                                 HasSubstr("the scores of the start are kept (score.refresh: never)")));
  const Result late = lethe(1, train + out("late") + " --set sampler=mrd --set score.refresh=loss");
  ASSERT_EQ(late.exit_code, 0) << late.output;
  EXPECT_THAT(late.output,
              HasSubstr("warning[score.refresh]: score.refresh: loss scores again after 10 updates at "
                        "the earliest, and the run has 6"));
}

// By losses that nothing moves: the weights change with the step alone.
TEST_F(Smoke, RecordsOfACurriculumSayWhatTheUpdatesTheyStandForAddUpTo) {
  constexpr std::int64_t kUpdates = 6;
  const auto expectations = [&](int look_every) {
    const std::string name = fmt::format("looks{}", look_every);
    const Result result = lethe(
        1, fmt::format("train configs/smoke/train.yaml --set 'sampler={{name: curriculum, by: loss}}' --set "
                       "train.max_steps={} --set train.learning_rate=1e-20 --set score.look_every={} --set "
                       "eval.before=false --set eval.after=false --set export=false --out {}",
                       kUpdates, look_every, out(name)));
    EXPECT_EQ(result.exit_code, 0) << result.output;
    auto records = records::records_of<records::SamplerRecord>(
        records::read_records(records::RunPaths{out(name)}.records()).entries);
    std::map<std::string, double> sums;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const std::int64_t end = i + 1 < records.size() ? records[i + 1].step : kUpdates;
      for (const auto& sample : records[i].weights)
        sums[sample.id] += sample.probability * static_cast<double>(end - records[i].step);
    }
    return sums;
  };
  const auto each = expectations(1), some = expectations(4);
  ASSERT_EQ(each.size(), 40u);
  for (const auto& [id, sum] : each) EXPECT_NEAR(some.at(id), sum, 1e-9) << id;
}

TEST_F(Smoke, TrainsNothingByACurriculumToo) {
  const Result result = lethe(1,
                              "train configs/smoke/train.yaml --set 'sampler={name: curriculum, by: loss}' "
                              "--set train.max_steps=0 --set eval.before=false --set eval.after=false --set "
                              "export=false --out " +
                                  out("none"));
  EXPECT_EQ(result.exit_code, 0) << result.output;
}

TEST_F(Smoke, MeasuresNothingForASamplerThatNoUpdateDrawsBy) {
  const auto train = [&](const std::string& settings) {
    const std::string run = out(fmt::format("idle{}", settings.size()));
    const Result result =
        lethe(1,
              "train configs/smoke/train.yaml --set train.max_steps=2 --set eval.before=false --set "
              "eval.after=false --set export=false " +
                  settings + " --out " + run);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(result.output, AllOf(Not(HasSubstr("of the training time")), Not(HasSubstr("score: auto"))));
    const fs::path scores = records::RunPaths{run}.scores();
    EXPECT_TRUE(!fs::exists(scores) ||
                records::records_of<records::ScoringRecord>(records::read_records(scores).entries).empty());
    return result.output;
  };
  EXPECT_THAT(train("--set objective=finetune --set data.exclude=forget --set sampler=mrd"),
              HasSubstr("warning[config.sampler]: the sampler `mrd` does nothing, because updates read no "
                        "forget sample (data.exclude: forget)"));
  EXPECT_THAT(train("--set train.forget_batch=0 --set sampler=active"),
              HasSubstr("the sampler `active` does nothing, because updates read no forget sample "
                        "(train.forget_batch: 0)"));
}

}  // namespace
}  // namespace lethe::smoke
