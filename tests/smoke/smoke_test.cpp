// The program as a user starts it: train, resume, eval, report and purge on tiny random models, on worlds of
// one and three.
#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <set>

#include "tests/smoke/smoke.h"

namespace lethe::smoke {
namespace {

using ::testing::HasSubstr;

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

// In a shared cache: by the configuration, and by weights that no sample of them shows.
TEST_F(Smoke, ModelsThatDifferAnywhereHaveReferencesOfTheirOwn) {
  const std::string train = "train configs/smoke/train.yaml --set eval.before=false --set eval.after=false ";
  const Result made = lethe(1, train + "--set train.max_steps=0 --set 'model.shape={hidden_size: 256, " +
                                   "intermediate_size: 64, num_layers: 1}' --out " + out("made"));
  ASSERT_EQ(made.exit_code, 0) << made.output;
  const fs::path model = folder_ / "made/model", turned = folder_ / "turned", edited = folder_ / "edited";
  EXPECT_TRUE(fs::exists(model / "tokenizer.json")) << "the one that it was made with";
  for (const fs::path& copy : {turned, edited}) fs::copy(model, copy);
  const auto text_of = [](const fs::path& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  nlohmann::json config = nlohmann::json::parse(text_of(model / "config.json"));
  config["rope_theta"] = 7.0;
  std::ofstream(turned / "config.json") << config.dump();
  std::string weights = text_of(model / "model.safetensors");
  std::uint64_t header = 0;
  std::memcpy(&header, weights.data(), sizeof header);
  weights[sizeof header + header + 8192] ^= 1;
  std::ofstream(edited / "model.safetensors", std::ios::binary) << weights;
  const auto num_references = [&] {
    int count = 0;
    for (const auto& entry : fs::directory_iterator(folder_ / "cache"))
      count += entry.path().filename().string().starts_with("reference-") ? 1 : 0;
    return count;
  };
  int expected = 0;
  for (const fs::path& path : {model, turned, edited, model}) {
    std::ofstream(out("run.yaml")) << fmt::format(
        "model: {{path: {}}}\ndata:\n  forget: {{path: configs/quickstart/data/forget.jsonl}}\n"
        "  retain: {{path: configs/quickstart/data/retain.jsonl}}\n  text: {{apply_chat_template: false}}\n"
        "objective: npo\ntrain: {{max_steps: 1}}\neval: {{before: false, after: false}}\nexport: false\n"
        "cache: {}\n",
        path.string(), out("cache"));
    const Result result =
        lethe(2, fmt::format("train {} --out {}", out("run.yaml"), out(fmt::format("run{}", ++expected))));
    ASSERT_EQ(result.exit_code, 0) << result.output;
    EXPECT_EQ(num_references(), std::min(expected, 3));
  }
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
}  // namespace lethe::smoke
