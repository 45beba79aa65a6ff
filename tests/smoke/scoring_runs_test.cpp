// Runs that score: alone, in training, killed, resumed, on other worlds; what is drawn by scores.
#include <gmock/gmock.h>

#include "tests/smoke/smoke.h"

namespace lethe::smoke {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST_F(Smoke, ScoresDoNotKnowTheWorld) {
  std::map<int, std::vector<double>> scores;
  for (const int ranks : {1, 3}) {
    const std::string name = fmt::format("score{}", ranks);
    const Result result = lethe(ranks, "score configs/smoke/score.yaml --out " + out(name));
    ASSERT_EQ(result.exit_code, 0) << result.output;
    EXPECT_THAT(result.output, HasSubstr("memory, most at any time    rank 0    fullest rank"));
    const auto memory = records::records_of<records::MemoryRecord>(
        records::read_records(records::RunPaths{out(name)}.records()).entries);
    ASSERT_EQ(memory.size(), static_cast<std::size_t>(ranks));
    for (const records::MemoryRecord& of_rank : memory) {
      EXPECT_GT(of_rank.categories.at("weights"), 0u);
      EXPECT_GT(of_rank.categories.at("gathered"), 0u) << "weights with noise";
      EXPECT_GT(of_rank.categories.at("activations"), 0u);
    }
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

std::string score_of(int draws) {
  return fmt::format(
      "score configs/smoke/score.yaml --set score.sigma_eff=1e-3 --set score.stop.min_draws={0} --set "
      "score.stop.max_draws={0} --out ",
      draws);
}

// A launcher that kills the program as soon as its first draws are saved in `state`.
std::string killing_once_there(const fs::path& state) {
  return "sh -c '\"$0\" \"$@\" & p=$!; while [ ! -e " + state.string() +
         " ] && kill -0 $p; do sleep 0.02; done; kill -9 $p; wait $p'";
}

TEST_F(Smoke, AKilledScoringGoesOnAtTheDraw) {
  const std::string command = score_of(100);
  ASSERT_EQ(lethe(1, command + out("whole")).exit_code, 0);
  const fs::path state = folder_ / "cut" / "cache" / "scoring-0.txt";
  const Result killed = run(killing_once_there(state), command + out("cut"));
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

TEST_F(Smoke, FinishedScoresStayUntilTheyAreScoredAgain) {
  const std::string command = score_of(25) + out("run");
  const fs::path scores = folder_ / "run" / "scores.jsonl",
                 state = folder_ / "run" / "cache" / "scoring-0.txt";
  const auto text = [&] {
    std::stringstream all;
    all << std::ifstream(scores).rdbuf();
    return all.str();
  };
  ASSERT_EQ(lethe(1, command + " --analyse").exit_code, 0);
  const std::string before = text();
  const Result killed = run(killing_once_there(state), command);
  ASSERT_TRUE(fs::exists(state)) << killed.output;
  EXPECT_EQ(text(), before);
  EXPECT_EQ(lethe(1, "eval configs/smoke/score.yaml --resume --out " + out("run")).exit_code, 73);
  EXPECT_EQ(text(), before);
  ASSERT_EQ(lethe(1, command + " --resume").exit_code, 0);
  EXPECT_NE(text(), before);  // other times
  const auto entries = records::read_records(scores).entries;
  EXPECT_EQ(records::records_of<records::ScoringRecord>(entries).size(), 1u);
  EXPECT_EQ(records::records_of<records::ScoreRecord>(entries).size(), 40u);
  EXPECT_EQ(records::records_of<records::AnalysisRecord>(entries).size(), 1u);  // it is of the same scores
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

TEST_F(Smoke, SaysThatASamplerWithoutScoresRefreshesNone) {
  const Result result = lethe(
      1,
      "train configs/smoke/train.yaml --set train.max_steps=1 --set eval.before=false --set eval.after=false "
      "--set export=false --set 'score.refresh={name: interval, every: 2}' --out " +
          out("idle"));
  ASSERT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output,
              HasSubstr("warning[score.refresh]: score.refresh: interval does nothing, because "
                        "the sampler `uniform` uses no scores"));
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
  const auto entries = records::read_records(records::RunPaths{out("run")}.scores()).entries;
  EXPECT_EQ(records::records_of<records::ScoreRecord>(entries).size(), 80u);
  const auto scorings = records::records_of<records::ScoringRecord>(entries);
  ASSERT_EQ(scorings.size(), 2u);
  EXPECT_EQ(scorings[1].sigma_eff, scorings[0].sigma_eff);  // its own pairs say that the step still fits
  EXPECT_EQ(scorings[1].calibration_passes, 0);
  EXPECT_GT(scorings[0].calibration_passes, 0);
}

TEST_F(Smoke, AScoringKilledInItsAnalysisRepeatsNoDraw) {
  const std::string command = "score configs/smoke/score.yaml --analyse --out " + out("cut");
  const Result killed =
      run("sh -c '{ \"$0\" \"$@\" & echo pid $!; wait; } 2>&1 | while read -r word rest; do "
          "if [ \"$word\" = pid ]; then p=$rest; fi; "
          "case \"$word $rest\" in *\"analyse: \"*) kill -9 $p;; esac; done'",
          command);
  ASSERT_TRUE(fs::exists(folder_ / "cut" / "cache" / "scoring-0.txt")) << killed.output;
  const Result resumed = lethe(1, command + " --resume");
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("goes on after 2 draws"));
  EXPECT_FALSE(fs::exists(folder_ / "cut" / "cache" / "scoring-0.txt"));
  EXPECT_THAT(resumed.output, HasSubstr("easy: row "));
  EXPECT_THAT(resumed.output, Not(HasSubstr("?"))) << "a question";
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

TEST_F(Smoke, RelatesScoresToTheUpdatesThatALaterRunNeeded) {
  ASSERT_EQ(lethe(1,
                  "train configs/smoke/train.yaml --set eval.every=2 --set eval.generate=false --set "
                  "export=false --out " +
                      out("later"))
                .exit_code,
            0);
  const Result result =
      lethe(1, "score configs/smoke/score.yaml --analyse --set score.later.run=" + out("later") + " --out " +
                   out("run"));
  ASSERT_EQ(result.exit_code, 0) << result.output;
  EXPECT_THAT(result.output, Not(HasSubstr("score.source")));
  EXPECT_THAT(result.output,
              AllOf(HasSubstr("  updates_needed       \u2013 (constant)"), Not(HasSubstr("nan ["))));
  const auto analyses = records::records_of<records::AnalysisRecord>(
      records::read_records(records::RunPaths{out("run")}.scores()).entries);
  ASSERT_EQ(analyses.size(), 1u);
  EXPECT_EQ(analyses[0].relations.at(0).name, "updates_needed");
  for (const auto& sample : analyses[0].samples)  // of a model that knows none of them
    EXPECT_EQ(sample.values.at("updates_needed"), 0);
  const Result missing =
      lethe(1, "score configs/smoke/score.yaml --analyse --set score.later.run=nowhere --out " + out("none"));
  EXPECT_EQ(missing.exit_code, 66) << missing.output;
  EXPECT_THAT(missing.output, HasSubstr("score.later.run: nowhere has no records.jsonl"));
}

// Three batches of 16 are more than the 40 samples: an epoch has three updates.
TEST_F(Smoke, RecordsTheWeightsOfACurriculumOverTheRun) {
  const std::string train =
      "train configs/smoke/train.yaml --set 'sampler={name: curriculum, by: mrd}' --set "
      "score.stop.min_draws=2 --set score.stop.max_draws=2 --set train.forget_batch=16 --set "
      "train.max_steps=6 --set eval.before=false --set eval.after=false --set "
      "export=false --out ";
  const auto samplers_of = [&](const std::string& options) {
    const std::string name = fmt::format("curriculum{}", options.size());
    const Result result = lethe(1, train + out(name) + options);
    EXPECT_EQ(result.exit_code, 0) << result.output;
    return records::records_of<records::SamplerRecord>(
        records::read_records(records::RunPaths{out(name)}.records()).entries);
  };
  const auto once = samplers_of("");
  ASSERT_EQ(once.size(), 2u);
  EXPECT_EQ(once[1].step, 3);
  EXPECT_FALSE(once[0].with_replacement);
  EXPECT_NE(once[1].weights[0].probability, once[0].weights[0].probability);
  for (const auto& record : once) {
    double sum = 0;
    for (const auto& sample : record.weights) sum += sample.probability;
    EXPECT_NEAR(sum, 1, 1e-12);
  }
  EXPECT_TRUE(samplers_of(" --set sampler.replacement=true").at(0).with_replacement);
}

TEST_F(Smoke, ReportsTheTextsOfTheEasiestAndTheHardest) {
  ASSERT_EQ(lethe(1, "score configs/smoke/score.yaml --out " + out("shown")).exit_code, 0);
  const auto entries = records::read_records(records::RunPaths{out("shown")}.records()).entries;
  const auto texts = records::records_of<records::GenerationRecord>(entries);
  ASSERT_EQ(texts.size(), 10u);
  ASSERT_EQ(lethe(1, "report " + out("shown")).exit_code, 0);
  std::ifstream page(out("shown") + "/report.html");
  const std::string html{std::istreambuf_iterator<char>(page), {}};
  EXPECT_THAT(html, AllOf(HasSubstr("The easiest and the hardest to remove"), HasSubstr(texts.front().answer),
                          HasSubstr(texts.back().answer)));
  ASSERT_EQ(lethe(1, "score configs/smoke/score.yaml --set report.redact=forget --out " + out("redacted"))
                .exit_code,
            0);
  EXPECT_TRUE(records::records_of<records::GenerationRecord>(
                  records::read_records(records::RunPaths{out("redacted")}.records()).entries)
                  .empty());
}

}  // namespace
}  // namespace lethe::smoke
