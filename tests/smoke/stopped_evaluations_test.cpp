// Trainings and evaluations that are told to stop while they evaluate, and rules by metrics without a value.
#include <gmock/gmock.h>

#include <iterator>

#include "tests/smoke/smoke.h"

namespace lethe::smoke {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// An evaluation of 40 generations, one a rank and round.
const std::string kLong =
    " --set eval.batch=1 --set eval.max_samples=20 --set eval.max_generations=0 --set "
    "eval.max_new_tokens=40 ";

class Evaluations : public Smoke {
 protected:
  records::RunPaths paths(const std::string& name) const { return {out(name)}; }
  // Once the evaluation has measured something.
  Result told_to_stop_in(const std::string& tag, const std::string& name, const std::string& command,
                         int ranks = 1) const {
    return told_to_stop_when("[ -s " + paths(name).journal(tag).string() + " ]", command + out(name), ranks);
  }
  std::string results(const std::string& name, const std::string& tag) const {
    std::ifstream file(paths(name).evaluation(tag) / "TOFU_EVAL.json");
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::vector<std::string> tags(const std::string& name) const {
    std::vector<std::string> found;
    for (const auto& evaluation :
         records::records_of<records::EvaluationRecord>(records::read_records(paths(name).records()).entries))
      if (evaluation.set == "forget") found.push_back(evaluation.tag);
    return found;
  }
};

TEST_F(Evaluations, ToldToStopAfterTheLastUpdateLeaveItsCheckpointAndGoOn) {
  const std::string command =
      "train configs/smoke/train.yaml --set checkpoint.every=0 --set export=false --set eval.before=false" +
      kLong + "--out ";
  ASSERT_EQ(lethe(1, command + out("whole")).exit_code, 0);
  const Result stopped = told_to_stop_in("after", "cut", command);
  EXPECT_EQ(stopped.exit_code, 75) << stopped.output;
  EXPECT_THAT(stopped.output, AllOf(HasSubstr("stopped at step 6, state saved"), Not(HasSubstr("error["))));
  EXPECT_TRUE(fs::exists(paths("cut").checkpoint(6)));
  EXPECT_TRUE(tags("cut").empty());
  const Result resumed = lethe(1, command + out("cut"));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_THAT(resumed.output, HasSubstr("resumed from"));
  EXPECT_EQ(tags("cut"), std::vector<std::string>{"after"});
  EXPECT_EQ(results("cut", "after"), results("whole", "after"));
  EXPECT_FALSE(results("cut", "after").empty());
}

// On every rank, between two updates that no checkpoint was due at.
TEST_F(Evaluations, ToldToStopBetweenUpdatesGoOnWithTheEvaluation) {
  const std::string command =
      "train configs/smoke/train.yaml --set checkpoint.every=0 --set eval.every=3 --set train.max_steps=5 "
      "--set eval.before=false --set eval.after=false" +
      kLong + "--out ";
  ASSERT_EQ(lethe(2, command + out("whole")).exit_code, 0);
  const Result stopped = told_to_stop_in("step 3", "cut", command, 2);
  EXPECT_EQ(stopped.exit_code, 75) << stopped.output;
  EXPECT_THAT(stopped.output, HasSubstr("stopped at step 3, state saved"));
  const Result resumed = lethe(2, command + out("cut"));
  ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
  EXPECT_EQ(tags("cut"), std::vector<std::string>{"step 3"});
  EXPECT_EQ(results("cut", "step 3"), results("whole", "step 3"));
  EXPECT_EQ(losses("cut"), losses("whole"));
  EXPECT_EQ(model_bytes("cut"), model_bytes("whole"));
}

TEST_F(Evaluations, ToldToStopBeforeTheFirstUpdateGoOnWhereTheyWere) {
  const std::string train =
      "train configs/smoke/train.yaml --set train.max_steps=1 --set eval.after=false --set export=false" +
      kLong + "--out ";
  const std::string eval = "eval configs/smoke/train.yaml" + kLong + "--out ";
  for (const auto& [name, command] : {std::pair("trained", train), std::pair("evaluated", eval)}) {
    const Result stopped = told_to_stop_in("before", name, command, 2);
    EXPECT_EQ(stopped.exit_code, 75) << stopped.output;
    EXPECT_THAT(
        stopped.output,
        AllOf(HasSubstr("stopped in an evaluation, whose measurements are saved; run the same command "
                        "to go on"),
              Not(HasSubstr("exited on signal"))));
    EXPECT_TRUE(tags(name).empty());
    const Result resumed = lethe(2, command + out(name));
    ASSERT_EQ(resumed.exit_code, 0) << resumed.output;
    EXPECT_EQ(tags(name), std::vector<std::string>{"before"});
  }
}

// Answers that no sample has show when they are measured: such a rule is no reason to stop, or to fail.
TEST_F(Evaluations, RulesByMetricsWithoutAValueSaySoAndTheTrainingEnds) {
  std::ofstream(out("retain.jsonl")) << R"({"question": "Who?", "answer": "Nobody."})" << '\n';
  const Result result = lethe(
      1,
      "train configs/smoke/train.yaml --set eval.before=false --set eval.after=false --set export=false "
      "--set "
      "data.retain.path=" +
          out("retain.jsonl") +
          " --set 'eval.metrics=[{name: probability, set: retain, answers: paraphrased}]' --set eval.every=3 "
          "--set stop.every=2 --set checkpoint.keep_best=retain.probability_paraphrased --set "
          "'stop.when=retain.probability_paraphrased < 2' --out " +
          out("run"));
  EXPECT_EQ(result.exit_code, 0) << result.output;
  EXPECT_EQ(losses("run").size(), 6u);
  EXPECT_THAT(
      result.output,
      AllOf(HasSubstr("warning[stop.when]: stop.when: retain.probability_paraphrased < 2 has no value "
                      "and stops nothing; retain.probability_paraphrased is null: "),
            HasSubstr("warning[checkpoint.keep_best]: checkpoint.keep_best: "
                      "retain.probability_paraphrased is null at step 3")));
  const std::size_t said = result.output.find("warning[stop.when]");
  EXPECT_EQ(result.output.find("warning[stop.when]", said + 1), std::string::npos) << "once";
}

}  // namespace
}  // namespace lethe::smoke
