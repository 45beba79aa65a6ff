// `lethe eval` with every metric: the same result files on any world, and after a SIGKILL anywhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "framework/records/reader.h"
#include "framework/records/run_directory.h"

namespace lethe {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::ordered_json;

class Evaluating : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / fmt::format("evaluating_{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }

  int shell(const std::string& command) const {
    const int status = std::system(fmt::format("cd '{}' && export OMP_NUM_THREADS=1 && {} > '{}' 2>&1",
                                               LETHE_SOURCE_DIR, command, (folder_ / "log").string())
                                       .c_str());
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  }
  std::string eval_command(const std::string& name, const std::string& more = "") const {
    return fmt::format("'{}' eval configs/smoke/metrics.yaml --out '{}' {}", LETHE_PROGRAM,
                       (folder_ / name).string(), more);
  }
  static std::string content(const fs::path& file) {
    std::ifstream in(file);
    std::stringstream text;
    text << in.rdbuf();
    return text.str();
  }
  std::string log() const { return content(folder_ / "log"); }
  fs::path journal(const std::string& name) const { return folder_ / name / "evals" / "before.journal"; }
  // Runs `lethe eval` and kills it once its journal has `lines` lines.
  void run_and_kill(const std::string& name, int lines) const {
    (void)shell(
        fmt::format("{{ {} & pid=$!; while kill -0 $pid 2>/dev/null && [ $(cat '{}' 2>/dev/null | wc -l) -lt "
                    "{} ]; do sleep "
                    "0.01; done; kill -9 $pid; wait $pid; }}",
                    eval_command(name), journal(name).string(), lines));
  }
  fs::path folder_;
};

TEST_F(Evaluating, WritesTheResultFilesAndSaysWhyAMetricIsNull) {
  ASSERT_EQ(shell(eval_command("one")), 0) << log();
  const auto eval = Json::parse(content(folder_ / "one" / "TOFU_EVAL.json"));
  const auto summary = Json::parse(content(folder_ / "one" / "TOFU_SUMMARY.json"));
  EXPECT_EQ(eval.size(), 22U);
  EXPECT_TRUE(eval["forget_quality"]["agg_value"].is_null());
  EXPECT_EQ(eval["forget_Q_A_PERT_Prob"]["value_by_index"]["0"]["prob"].size(), 2U);
  EXPECT_EQ(eval["forget_Q_A_ROUGE"]["value_by_index"].size(), 5U);
  EXPECT_FALSE(summary.contains("forget_Q_A_PERT_Prob"));
  EXPECT_FALSE(summary.contains("forget_quality"));
  EXPECT_TRUE(summary.contains("model_utility"));
  std::set<std::string> reasons;
  for (const auto& event : records::records_of<records::EventRecord>(
           records::read_records(folder_ / "one" / "records.jsonl").entries))
    if (event.name == "metric_null") reasons.insert(event.message);
  EXPECT_EQ(reasons, (std::set<std::string>{"forget_quality: no retain log (eval.retain_log)",
                                            "mia_reference: no reference model (eval.reference)"}));
}

TEST_F(Evaluating, ItsOwnResultFileIsARetainLog) {
  ASSERT_EQ(shell(eval_command("one")), 0) << log();
  const std::string log_file = (folder_ / "one" / "TOFU_EVAL.json").string();
  ASSERT_EQ(shell(eval_command("two", "--set eval.retain_log=" + log_file)), 0) << log();
  const auto summary = Json::parse(content(folder_ / "two" / "TOFU_SUMMARY.json"));
  EXPECT_EQ(summary["forget_quality"].get<double>(), 1) << "a model against itself";
  EXPECT_EQ(summary["privleak"].get<double>(), 0);
}

// The method's other answers are read by updates only.
TEST_F(Evaluating, OfAMethodWithOtherAnswersNeedsNone) {
  EXPECT_EQ(shell(eval_command("one", "--set objective=dpo")), 0) << log();
}

// What the last evaluation will read is looked for before the first update.
TEST_F(Evaluating, ATrainingWhoseEvaluationsLackTheirSourcesDoesNotBegin) {
  const auto train = [&](const std::string& name, const std::string& more) {
    return shell(
        fmt::format("'{}' train configs/smoke/metrics.yaml --out '{}' --set train.max_steps=1 "
                    "--set eval.before=false {}",
                    LETHE_PROGRAM, (folder_ / name).string(), more));
  };
  EXPECT_EQ(train("a", "--set eval.retain_log=nowhere"), 65) << log();
  EXPECT_THAT(log(), ::testing::HasSubstr("error[eval.retain_log]"));
  EXPECT_THAT(log(), ::testing::Not(::testing::HasSubstr("step 1/1")));
  std::ofstream(folder_ / "other.json") << R"({"mia_min_k": {"agg_value": 0.5}})";
  EXPECT_EQ(train("b", fmt::format("--set eval.retain_log='{}'", (folder_ / "other.json").string())), 65)
      << log();
  EXPECT_THAT(log(), ::testing::HasSubstr("no per-sample `forget_truth_ratio`"));
  EXPECT_THAT(log(), ::testing::Not(::testing::HasSubstr("step 1/1")));
  EXPECT_EQ(train("c", "--set eval.reference=./nowhere"), 66) << log();
  EXPECT_THAT(log(), ::testing::Not(::testing::HasSubstr("step 1/1")));
  fs::create_directories(folder_ / "empty");
  EXPECT_EQ(train("d", fmt::format("--set eval.reference='{}'", (folder_ / "empty").string())), 66) << log();
  EXPECT_THAT(log(), ::testing::HasSubstr("empty has no config.json"));
  EXPECT_THAT(log(), ::testing::Not(::testing::HasSubstr("step 1/1")));
}

TEST_F(Evaluating, AFaultInTheLastEvaluationLeavesTheTrainedModel) {
  fs::create_directories(folder_ / "broken");  // a reference without weights
  std::ofstream(folder_ / "broken" / "config.json")
      << R"({"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 1000, )"
      << R"("hidden_size": 8, "intermediate_size": 12, "num_hidden_layers": 1, "num_attention_heads": 2, )"
      << R"("num_key_value_heads": 1, "head_dim": 4, "max_position_embeddings": 512, )"
      << R"("rms_norm_eps": 1e-05, "hidden_act": "silu"})";
  EXPECT_NE(
      shell(fmt::format("'{}' train configs/smoke/metrics.yaml --out '{}' --set train.max_steps=1 --set "
                        "eval.before=false --set eval.reference='{}'",
                        LETHE_PROGRAM, (folder_ / "run").string(), (folder_ / "broken").string())),
      0);
  EXPECT_THAT(log(), ::testing::HasSubstr("step 1/1"));
  EXPECT_TRUE(fs::exists(folder_ / "run" / "model" / "config.json")) << log();
}

TEST_F(Evaluating, LooksAtTheFirstSamplesOfEachSetWhereToldTo) {
  ASSERT_EQ(shell(eval_command("all")), 0) << log();
  ASSERT_EQ(shell(eval_command("three", "--set eval.max_samples=3")), 0) << log();
  const auto value_of = [&](const std::string& run) {
    return Json::parse(content(folder_ / run / "TOFU_EVAL.json"))["forget_Q_A_Prob"]["value_by_index"];
  };
  const Json all = value_of("all"), three = value_of("three");
  EXPECT_GT(all.size(), 3U);
  ASSERT_EQ(three.size(), 3U);
  for (const std::string row : {"0", "1", "2"}) EXPECT_TRUE(three.contains(row));
  for (const auto& evaluation : records::records_of<records::EvaluationRecord>(
           records::read_records(folder_ / "three" / "records.jsonl").entries))
    EXPECT_LE(evaluation.samples.size(), 3U) << evaluation.set;
}

TEST_F(Evaluating, ThreeRanksWriteWhatOneDoes) {
  ASSERT_EQ(shell(eval_command("one")), 0) << log();
  ASSERT_EQ(shell("launchers/mpi -n 3 " + eval_command("three", "--set parallel.zero=3")), 0) << log();
  auto one = Json::parse(content(folder_ / "one" / "TOFU_EVAL.json")),
       three = Json::parse(content(folder_ / "three" / "TOFU_EVAL.json"));
  // Squares of a gradient are summed by shard, so their last bits know the world.
  for (const char* part : {"forget", "holdout"})
    for (const auto& sample : one["mia_gradnorm"][part]["value_by_index"].items()) {
      const double value = sample.value()["score"];
      EXPECT_NEAR(three["mia_gradnorm"][part]["value_by_index"][sample.key()]["score"].get<double>(), value,
                  1e-5 * value);
    }
  one.erase("mia_gradnorm");
  three.erase("mia_gradnorm");
  EXPECT_EQ(one, three);
}

TEST_F(Evaluating, AKilledOneGoesOnToTheSameBytesAndMeasuresNoBatchTwice) {
  ASSERT_EQ(shell(eval_command("whole")), 0) << log();
  const int lines = static_cast<int>(std::ranges::count(content(journal("whole")), '\n'));
  ASSERT_GT(lines, 40);
  for (int kill = 0; kill < 10; ++kill) {
    const std::string name = fmt::format("killed{}", kill);
    run_and_kill(name, 2 + kill * 7919 % (lines - 2));
    ASSERT_EQ(shell(eval_command(name)), 0) << log();
    EXPECT_EQ(content(folder_ / name / "TOFU_EVAL.json"), content(folder_ / "whole" / "TOFU_EVAL.json"));
    EXPECT_EQ(content(folder_ / name / "TOFU_SUMMARY.json"),
              content(folder_ / "whole" / "TOFU_SUMMARY.json"));
    EXPECT_EQ(std::ranges::count(content(journal(name)), '\n'), lines)
        << "each batch stands in the journal once";
  }
}

TEST_F(Evaluating, AJournalOfAnotherReferenceUnderTheSamePathIsPutAside) {
  const auto train_reference = [&](const std::string& more) {
    return shell(
        fmt::format("rm -rf '{1}' && '{0}' train configs/smoke/train.yaml --out '{1}' --set "
                    "eval.before=false --set eval.after=false {2}",
                    LETHE_PROGRAM, (folder_ / "reference").string(), more));
  };
  const auto value_of = [&](const std::string& name) {
    const std::string set = "--set eval.reference=" + (folder_ / "reference" / "model").string();
    EXPECT_EQ(shell(eval_command(name, set)), 0) << log();
    return Json::parse(content(folder_ / name / "TOFU_EVAL.json"))["mia_reference"];
  };
  ASSERT_EQ(train_reference("--set train.max_steps=1"), 0) << log();
  const Json first = value_of("one");
  EXPECT_EQ(value_of("one"), first);
  ASSERT_EQ(train_reference("--set train.max_steps=6"), 0) << log();
  const Json second = value_of("one");
  EXPECT_NE(second, first);
  EXPECT_EQ(second, value_of("fresh"));
}

TEST_F(Evaluating, AFormulaOfMetricsEndsTraining) {
  const std::string train = fmt::format(
      "'{}' train configs/smoke/train.yaml --out '{}' --set eval.before=false --set eval.after=false --set "
      "stop.every=2 --set stop.when=",
      LETHE_PROGRAM, (folder_ / "train").string());
  ASSERT_EQ(shell(train + "'forget.probability < 0.9 and retain.truth_ratio >= 0'"), 0) << log();
  EXPECT_THAT(log(), ::testing::HasSubstr(
                         "forget.probability < 0.9 and retain.truth_ratio >= 0 holds after 2 steps"));
}

}  // namespace
}  // namespace lethe
