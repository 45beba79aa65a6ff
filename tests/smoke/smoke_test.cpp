// The program as a user starts it: train, resume, score, eval, report and purge on tiny random models, on
// worlds of one and three.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using ::testing::Not;

struct Result {
  int exit_code = 0;
  std::string output;
};

class Smoke : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / fmt::format("smoke_{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  Result run(const std::string& launcher, const std::string& arguments) const {
    const fs::path log = folder_ / "log";
    const std::string command =
        fmt::format("cd '{}' && OMP_NUM_THREADS=1 {} '{}' {} > '{}' 2>&1", LETHE_SOURCE_DIR, launcher,
                    LETHE_PROGRAM, arguments, log.string());
    const int status = std::system(command.c_str());
    std::ifstream file(log);
    std::stringstream text;
    text << file.rdbuf();
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -1, text.str()};
  }
  Result lethe(int ranks, const std::string& arguments) const {
    return run(ranks == 1 ? "" : fmt::format("launchers/mpi -n {}", ranks), arguments);
  }
  std::string out(const std::string& name) const { return (folder_ / name).string(); }

  std::vector<double> losses(const std::string& name) const {
    std::map<std::int64_t, double> by_step;
    for (const auto& step : records::records_of<records::StepRecord>(
             records::read_records(records::RunPaths{out(name)}.records()).entries))
      by_step[step.step] = step.loss;
    std::vector<double> values;
    for (const auto& [step, loss] : by_step) values.push_back(loss);
    return values;
  }
  std::map<std::int64_t, double> changed_fractions(const std::string& name) const {
    std::map<std::int64_t, double> by_step;
    for (const auto& step : records::records_of<records::StepRecord>(
             records::read_records(records::RunPaths{out(name)}.records()).entries))
      if (step.changed_fraction) by_step[step.step] = *step.changed_fraction;
    return by_step;
  }
  std::string model_bytes(const std::string& name) const {
    std::ifstream file(records::RunPaths{out(name)}.model() / "model.safetensors", std::ios::binary);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
  }
  fs::path folder_;
};

TEST_F(Smoke, ThreeRanksTrainAsOneDoes) {
  const Result one = lethe(1, "train configs/smoke/train.yaml --out " + out("one"));
  ASSERT_EQ(one.exit_code, 0) << one.output;
  const Result three = lethe(3, "train configs/smoke/zero3.yaml --out " + out("three"));
  ASSERT_EQ(three.exit_code, 0) << three.output;
  const auto expected = losses("one"), actual = losses("three");
  ASSERT_EQ(expected.size(), 6u);
  ASSERT_EQ(actual.size(), 6u);
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(actual[i], expected[i], 1e-4 * std::abs(expected[i])) << "step " << i + 1;
}

TEST_F(Smoke, AResumeEndsInTheBitsOfTheUninterruptedRun) {
  ASSERT_EQ(lethe(2, "train configs/smoke/train.yaml --out " + out("whole")).exit_code, 0);
  ASSERT_EQ(lethe(2, "train configs/smoke/train.yaml --set train.max_steps=4 --out " + out("cut")).exit_code,
            0);
  const Result resumed = lethe(2, "train configs/smoke/train.yaml --resume --out " + out("cut"));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  EXPECT_EQ(model_bytes("whole"), model_bytes("cut"));
  EXPECT_FALSE(model_bytes("whole").empty());
}

TEST_F(Smoke, ElasticRunsEndInTheSameBytesOnAnyWorld) {
  const std::string train = "train configs/smoke/zero3.yaml --set determinism=elastic ";
  for (const int ranks : {1, 3, 4}) {
    const Result result = lethe(ranks, train + "--out " + out(fmt::format("elastic{}", ranks)));
    ASSERT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr("memory, most at any time"));
  }
  const std::string expected = model_bytes("elastic1");
  ASSERT_FALSE(expected.empty());
  EXPECT_EQ(model_bytes("elastic3"), expected);
  EXPECT_EQ(model_bytes("elastic4"), expected);
  EXPECT_EQ(losses("elastic3"), losses("elastic1"));

  ASSERT_EQ(lethe(4, train + "--set train.max_steps=4 --out " + out("moved")).exit_code, 0);
  const Result resumed = lethe(3, train + "--resume --out " + out("moved"));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  EXPECT_EQ(model_bytes("moved"), expected);
}

// Compute, gradients on their way and moments in bf16, groups, and the count of changed weights.
TEST_F(Smoke, InBf16AnElasticRunEndsInTheSameBytesOnAnyWorldAndCountsWhatChanged) {
  const std::string train =
      "train configs/smoke/zero3.yaml --set determinism=elastic --set model.compute=bfloat16 --set "
      "precision.gradients=bfloat16 --set train.optimizer.moments=bfloat16 --set "
      "'train.optimizer.groups=[{match: [\"*norm*\"], weight_decay: 0, learning_rate_scale: 0.5}]' --set "
      "train.learning_rate=1.0e-4 --set train.count_changes_every=2 --set eval.before=false --set "
      "eval.after=false ";
  const Result one = lethe(1, train + "--out " + out("one"));
  ASSERT_EQ(one.exit_code, 0) << one.output;
  ASSERT_EQ(lethe(3, train + "--set train.max_steps=4 --out " + out("moved")).exit_code, 0);
  const Result resumed = lethe(2, train + "--resume --out " + out("moved"));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  EXPECT_EQ(model_bytes("moved"), model_bytes("one"));
  const auto counted = changed_fractions("one");
  EXPECT_EQ(counted, changed_fractions("moved"));
  ASSERT_EQ(counted.size(), 3u) << "of six updates every other";
  for (const auto& [step, fraction] : counted) {
    EXPECT_EQ(step % 2, 0);
    EXPECT_GT(fraction, 0);
    EXPECT_LT(fraction, 1) << "at this rate bf16 keeps many weights as they are";
  }
}

TEST_F(Smoke, AToldStopSavesOnEveryRankAndGoesOnOnAnotherWorld) {
  const std::string train =
      "train configs/smoke/zero3.yaml --set determinism=elastic --set train.max_steps=60 --set "
      "checkpoint.every=7 --out ";
  ASSERT_EQ(lethe(1, train + out("whole")).exit_code, 0);
  const std::string records = records::RunPaths{out("told")}.records().string();
  const std::string command = fmt::format(
      "cd '{}' && launchers/mpi -n 3 '{}' {} > '{}.log' 2>&1 & job=$!; "
      "until grep -q '\"step\":5' '{}' 2>/dev/null; do sleep 0.05; done; kill -TERM $job; wait $job",
      LETHE_SOURCE_DIR, LETHE_PROGRAM, train + out("told"), out("told"), records);
  const int status = std::system(command.c_str());
  EXPECT_EQ(WEXITSTATUS(status), 75);
  EXPECT_LT(losses("told").size(), 60u);
  const Result resumed = lethe(2, train + out("told") + " --resume");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  EXPECT_EQ(model_bytes("told"), model_bytes("whole"));
}

TEST_F(Smoke, AProfileNamesEveryRankAndBlock) {
  ASSERT_EQ(lethe(3, "train configs/smoke/zero3.yaml --profile --out " + out("profile")).exit_code, 0);
  std::ifstream file(folder_ / "profile" / "trace.json");
  const nlohmann::json events = nlohmann::json::parse(file);
  std::map<std::string, std::set<int>> ranks_of;
  for (const auto& event : events)
    if (event["ph"] == "X") ranks_of[event["name"]].insert(event["pid"].get<int>());
  for (const std::string name : {"layer 1 forward", "layer 1 backward", "gather layer 1", "reduce layer 1",
                                 "head forward", "wait for reductions"})
    EXPECT_EQ(ranks_of[name].size(), 3u) << name;
}

TEST_F(Smoke, ScoresDoNotKnowTheWorld) {
  std::map<int, std::vector<double>> scores;
  for (const int ranks : {1, 3}) {
    const std::string name = fmt::format("score{}", ranks);
    const Result result = lethe(ranks, "score configs/smoke/score.yaml --out " + out(name));
    ASSERT_EQ(result.exit_code, 0) << result.output;
    for (const auto& score : records::records_of<records::ScoreRecord>(
             records::read_records(records::RunPaths{out(name)}.scores()).entries))
      scores[ranks].push_back(score.mrd);
  }
  std::ifstream rows(LETHE_SOURCE_DIR "/configs/quickstart/data/forget.jsonl");
  std::size_t samples = 0;
  for (std::string row; std::getline(rows, row);) samples += !row.empty();
  EXPECT_GT(samples, 0u);
  EXPECT_EQ(scores[1].size(), samples);
  EXPECT_EQ(scores[1], scores[3]);
}

TEST_F(Smoke, JetsInBf16DoNotKnowTheWorldEither) {
  std::map<int, std::vector<double>> scores;
  for (const int ranks : {1, 3}) {
    const std::string name = fmt::format("jet{}", ranks);
    const Result result = lethe(
        ranks,
        fmt::format(
            "score configs/smoke/score.yaml --set model.compute=bfloat16 --set parallel.zero={} --out {}",
            ranks == 1 ? 0 : 3, out(name)));
    ASSERT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr("auto takes jet"));
    for (const auto& score : records::records_of<records::ScoreRecord>(
             records::read_records(records::RunPaths{out(name)}.scores()).entries))
      scores[ranks].push_back(score.mrd);
  }
  EXPECT_EQ(scores[1].size(), 40u);
  EXPECT_EQ(scores[1], scores[3]);
}

TEST_F(Smoke, AKilledScoringGoesOnAtTheDraw) {
  const std::string command =
      "score configs/smoke/score.yaml --set score.sigma_eff=1e-3 --set score.stop.min_draws=100 --set "
      "score.stop.max_draws=100 --out ";
  ASSERT_EQ(lethe(1, command + out("whole")).exit_code, 0);
  const fs::path state = folder_ / "cut" / "cache" / "scoring-0.txt";
  const Result killed = run("sh -c '\"$0\" \"$@\" & p=$!; while [ ! -e " + state.string() +
                                " ] && kill -0 $p; do sleep 0.02; done; kill -9 $p; wait $p'",
                            command + out("cut"));
  EXPECT_NE(killed.exit_code, 0);
  ASSERT_TRUE(fs::exists(state)) << killed.output;
  const Result resumed = lethe(1, command + out("cut"));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("goes on after"));
  EXPECT_FALSE(fs::exists(state));
  std::vector<double> whole, cut;
  for (auto& [name, scores] : {std::pair("whole", &whole), std::pair("cut", &cut)}) {
    for (const auto& score : records::records_of<records::ScoreRecord>(
             records::read_records(records::RunPaths{out(name)}.scores()).entries))
      scores->push_back(score.mrd);
  }
  EXPECT_EQ(whole.size(), 40u);
  EXPECT_EQ(whole, cut);
}

TEST_F(Smoke, ScoresAgainAtAnIntervalAndSaysWhatItCost) {
  const Result result =
      lethe(2,
            "train configs/smoke/train.yaml --set sampler=mrd --set score.stop.min_draws=2 --set "
            "score.stop.max_draws=2 --set 'score.refresh={name: interval, every: 2}' --out " +
                out("refresh"));
  ASSERT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, HasSubstr("3 scorings took"));
  EXPECT_THAT(result.output, HasSubstr("% of the training time"));
}

// Each sample's weight in the last sampler record, by id.
std::map<std::string, double> last_weights(const std::string& run) {
  std::map<std::string, double> weights;
  for (const auto& record : records::records_of<records::SamplerRecord>(
           records::read_records(records::RunPaths{run}.records()).entries)) {
    weights.clear();
    for (const auto& sample : record.weights) weights[sample.id] = sample.probability;
  }
  return weights;
}

TEST_F(Smoke, ScoresStayWithTheirSamplesWhenTheForgetSetChanges) {
  const std::string train =
      "train configs/smoke/train.yaml --set sampler=mrd --set eval.before=false --set eval.after=false --set "
      "export=false --set score.stop.min_draws=2 --set score.stop.max_draws=2 --out " +
      out("run");
  ASSERT_EQ(lethe(1, train + " --set train.max_steps=4").exit_code, 0);
  const auto weights = last_weights(out("run"));
  ASSERT_EQ(weights.size(), 40u);
  std::vector<std::string> lines;
  std::ifstream file(fs::path(LETHE_SOURCE_DIR) / "configs/quickstart/data/forget.jsonl");
  for (std::string line; std::getline(file, line);) lines.insert(lines.begin(), line);
  for (const std::size_t count : {lines.size(), lines.size() - 10}) {  // reversed, then some are gone
    std::ofstream other(folder_ / "forget.jsonl");
    for (std::size_t i = 0; i < count; ++i) other << lines[i] << '\n';
    other.close();
    const Result resumed = lethe(1, train +
                                        " --resume --set resume.allow_data_change=true --set "
                                        "data.forget.path=" +
                                        out("forget.jsonl"));
    ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
    const auto now = last_weights(out("run"));
    ASSERT_EQ(now.size(), count);
    if (count == lines.size()) {
      EXPECT_EQ(now, weights);
    }
    fs::remove_all(fs::path(out("run")) / "checkpoints" / "step-6");
  }
}

TEST_F(Smoke, ASamplerMeasuresWhatItsCheckpointDoesNotHold) {
  const std::string train =
      "train configs/smoke/train.yaml --set eval.before=false --set eval.after=false --set export=false "
      "--set "
      "score.stop.min_draws=2 --set score.stop.max_draws=2 ";
  for (const std::string sampler : {"mrd", "active"}) {
    ASSERT_EQ(lethe(1, train + "--set train.max_steps=4 --out " + out(sampler)).exit_code, 0);
    const Result resumed = lethe(2, train + "--resume --set sampler=" + sampler + " --out " + out(sampler));
    EXPECT_EQ(resumed.exit_code, 0) << resumed.output;
  }
}

TEST_F(Smoke, AResumeRepeatsNoScoringAndKeepsItsCost) {
  const std::string train =
      "train configs/smoke/train.yaml --set sampler=mrd --set score.stop.min_draws=2 --set "
      "score.stop.max_draws=2 --set 'score.refresh={name: interval, every: 4}' --out " +
      out("run");
  ASSERT_EQ(lethe(1, train).exit_code, 0);  // scored before updates 1 and 5
  // As a kill after the second scoring leaves it: the checkpoint of step 4 is the newest.
  fs::remove_all(fs::path(out("run")) / "checkpoints" / "step-6");
  const Result resumed = lethe(1, train + " --resume");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("2 scorings took"));
  EXPECT_EQ(records::records_of<records::ScoreRecord>(
                records::read_records(records::RunPaths{out("run")}.scores()).entries)
                .size(),
            80u);
}

TEST_F(Smoke, TakesTheFirstScoresOfARunAndLooksWhoseTheyAre) {
  const std::string train =
      "train configs/smoke/train.yaml --set sampler=mrd --set eval.before=false --set eval.after=false --set "
      "export=false --set score.stop.min_draws=2 --set score.stop.max_draws=2 ";
  const auto first_weights = [](const std::string& run) {
    std::vector<double> weights;
    for (const auto& sample : records::records_of<records::SamplerRecord>(
                                  records::read_records(records::RunPaths{run}.records()).entries)
                                  .at(0)
                                  .weights)
      weights.push_back(sample.probability);
    return weights;
  };
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

TEST_F(Smoke, AScoringKilledInItsAnalysisRepeatsNoDraw) {
  const std::string command = "score configs/smoke/score.yaml --analyse --out " + out("cut");
  const Result killed =
      run("sh -c '{ \"$0\" \"$@\" & echo pid $!; wait; } 2>&1 | while read -r word rest; do "
          "if [ \"$word\" = pid ]; then p=$rest; fi; "
          "case \"$word $rest\" in *\"analyse: \"*) kill -9 $p;; esac; done'",
          command);
  ASSERT_TRUE(fs::exists(folder_ / "cut" / "cache" / "scoring-0.txt")) << killed.output;
  const Result resumed = lethe(1, command + " --set report.redact=forget --resume");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("goes on after 2 draws"));
  EXPECT_FALSE(fs::exists(folder_ / "cut" / "cache" / "scoring-0.txt"));
  EXPECT_THAT(resumed.output, HasSubstr("easy: row "));
  EXPECT_THAT(resumed.output, Not(HasSubstr("?")));  // no question
}

TEST_F(Smoke, AnEarlierRequestIsWhatItSelected) {
  const std::string score = "score configs/smoke/score.yaml ";
  ASSERT_EQ(lethe(1, score + "--set 'data.forget.select={by: length, stratum: hard, count: 10}' --out " +
                         out("first"))
                .exit_code,
            0);
  const Result second =
      lethe(1, score + "--set 'data.earlier=[" + out("first") + "]' --out " + out("second"));
  ASSERT_EQ(second.exit_code, 0) << second.output;
  const auto data = records::records_of<records::DataRecord>(
      records::read_records(records::RunPaths{out("second")}.records()).entries);
  EXPECT_EQ(data.back().set, "forget_first");
  EXPECT_EQ(data.back().num_samples, 10);
}

TEST_F(Smoke, AnalysesWhatGoesWithDifficultyAndDrawsIt) {
  std::map<int, std::string> relations;
  for (const int ranks : {1, 2}) {
    const std::string name = fmt::format("analyse{}", ranks);
    const Result result =
        lethe(ranks, fmt::format("score configs/smoke/score.yaml --analyse --set parallel.zero={} --out {}",
                                 ranks == 1 ? 0 : 3, out(name)));
    ASSERT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr("near_copies_retain"));
    const auto analyses = records::records_of<records::AnalysisRecord>(
        records::read_records(records::RunPaths{out(name)}.scores()).entries);
    ASSERT_EQ(analyses.size(), 1u);
    ASSERT_EQ(analyses[0].relations.size(), 9u);
    EXPECT_EQ(analyses[0].samples.size(), 40u);
    EXPECT_GT(analyses[0].samples[0].values.at("gradient_norm"), 0);
    for (const auto& row : analyses[0].relations)
      relations[ranks] += fmt::format("{} {:.6f} {:.6f}\n", row.name, row.rho, row.partial);
  }
  EXPECT_EQ(relations[1], relations[2]);
  ASSERT_EQ(lethe(1, "report " + out("analyse1")).exit_code, 0);
  std::ifstream page(folder_ / "analyse1" / "report.html");
  std::stringstream text;
  text << page.rdbuf();
  EXPECT_THAT(text.str(), HasSubstr("What goes with difficulty"));
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

TEST_F(Smoke, EvaluatesReportsAndPurges) {
  ASSERT_EQ(lethe(2, "eval configs/smoke/eval.yaml --out " + out("eval")).exit_code, 0);
  const Result report = lethe(1, "report " + out("eval"));
  ASSERT_EQ(report.exit_code, 0) << report.output;
  EXPECT_TRUE(fs::exists(folder_ / "eval" / "report.html"));
  const Result purge = lethe(1, "purge " + out("eval"));
  ASSERT_EQ(purge.exit_code, 0) << purge.output;
  EXPECT_TRUE(fs::exists(folder_ / "eval" / "purge.json"));
  const int found = std::system(fmt::format("grep -rq 'Odalys Brenwick' '{}'", out("eval")).c_str());
  EXPECT_NE(WEXITSTATUS(found), 0) << "a forget text lives on";
}

TEST_F(Smoke, ErrorsEndWithTheirCode) {
  for (const int ranks : {1, 3}) {
    const Result unknown =
        lethe(ranks, "train configs/smoke/train.yaml --set train.lerning_rate=1 --out " + out("bad"));
    EXPECT_EQ(unknown.exit_code, 78) << unknown.output;
    EXPECT_THAT(unknown.output, HasSubstr("error[config.unknown]"));
    const Result missing = lethe(ranks, "train configs/smoke/absent.yaml");
    EXPECT_EQ(missing.exit_code, 66) << missing.output;
  }
}

}  // namespace
}  // namespace lethe
