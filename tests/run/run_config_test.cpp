// What a configuration contradicts, and what follows from it before anything is loaded.
#include "framework/run/run_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/run/command_config.h"
#include "framework/run/read_eval.h"

namespace lethe::run {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using Names = std::set<std::string>;

RunConfig read_with(const std::vector<std::string>& overrides, const std::string& command = "eval") {
  return read_config_of(
      config::parse(
          "model: {init: random, tokenizer: nowhere}\ndata: {forget: {path: a}, retain: {path: b}}\n",
          "conf.yaml", overrides),
      command);
}

// "key: message"; "taken" where nothing is refused.
std::string refusal_of(const std::vector<std::string>& overrides, const std::string& command = "eval") {
  try {
    (void)read_with(overrides, command);
  } catch (const Error& e) {
    return e.key() + ": " + e.message();
  }
  return "taken";
}

TEST(EarlierRequests, AreNamedByTheirFolders) {
  EXPECT_EQ(name_of_earlier("runs/first"), "forget_first");
  EXPECT_EQ(name_of_earlier("runs/first/"), "forget_first");
  EXPECT_EQ(name_of_earlier("./runs/first/."), "forget_first");
  EXPECT_EQ(name_of_earlier("first"), "forget_first");
}

TEST(EarlierRequests, OfOneNameAreRefused) {
  EXPECT_THAT(refusal_of({"data.earlier=[a/run, c/other, b/run/]"}),
              HasSubstr("data.earlier: the sets of a/run and b/run/ would both be called forget_run"));
  for (const char* nameless : {"/", ".", "..", "a/..", ""})
    EXPECT_THAT(refusal_of({fmt::format("data.earlier=[\"{}\"]", nameless)}),
                HasSubstr("ends in no folder's name"))
        << nameless;
}

TEST(EarlierRequests, OfAnyFolderNameAreMeasured) {
  const RunConfig config = read_with(
      {"data.earlier=[\"runs/run,1: x\", runs/lr-1e-5]", "stop.when=\"'forget_lr-1e-5.probability' > 0.5\""});
  EXPECT_THAT(measured_names(config),
              ::testing::IsSupersetOf({"forget_run,1: x.probability", "forget_lr-1e-5.probability"}));
}

TEST(EvaluatedSets, NoneIsCalledAsTheRecordsOfTheWholeModel) {
  EXPECT_THAT(refusal_of({"eval.sets.model.path=c"}),
              HasSubstr("eval.sets.model: records call the numbers of the whole model so"));
  EXPECT_EQ(refusal_of({"eval.sets.models.path=c"}), "taken");
}

TEST(Updates, ThatCouldReadNothingAreRefusedOfATraining) {
  const std::vector<std::string> excluded = {"data.exclude=forget"},
                                 no_batch = {"objective=grad_ascent", "train.forget_batch=0"};
  EXPECT_THAT(refusal_of(excluded, "train"),
              HasSubstr("data.exclude: forget leaves objective `npo` nothing to forget"));
  EXPECT_THAT(refusal_of(no_batch, "train"), HasSubstr("no update would read a sample"));
  EXPECT_EQ(refusal_of({"data.exclude=forget", "objective=finetune"}, "train"), "taken");
  EXPECT_EQ(refusal_of({"train.forget_batch=0"}, "train"), "taken") << "npo reads the retain set too";
  for (const char* command : {"score", "eval"}) {
    EXPECT_EQ(refusal_of(excluded, command), "taken") << "they draw no batches";
    EXPECT_EQ(refusal_of(no_batch, command), "taken");
  }
}

TEST(GeneratedSets, AreThoseThatAMetricReadsAnswersOf) {
  const RunConfig plain = read_with({});
  const RunConfig named = read_with({"eval.metrics=[probability, {name: rouge, set: retain}]"});
  EXPECT_EQ(generated_sets(plain, "eval"), (Names{"forget", "retain"}));
  EXPECT_EQ(generated_sets(named, "eval"), Names{"retain"});
  EXPECT_THAT(generated_sets(plain, "score"), IsEmpty());
  EXPECT_THAT(generated_sets(read_with({"eval.generate=false"}), "eval"), IsEmpty());
  EXPECT_THAT(generated_sets(read_with({"eval.metrics=[probability]"}), "eval"), IsEmpty());
}

TEST(GeneratedSets, OfATrainingAreThoseOfItsEvaluations) {
  const auto of_training = [](std::vector<std::string> more) {
    more.insert(more.end(), {"eval.before=false", "eval.after=false"});
    return generated_sets(read_with(more), "train");
  };
  EXPECT_THAT(of_training({}), IsEmpty());
  EXPECT_EQ(of_training({"eval.every=2"}), (Names{"forget", "retain"}));
  EXPECT_EQ(generated_sets(read_with({"eval.after=false"}), "train"), (Names{"forget", "retain"}));
  EXPECT_THAT(of_training({"stop.when=forget.probability < 0.1"}), IsEmpty());
  EXPECT_EQ(of_training({"stop.when=retain.rougeL_recall < 0.1"}), Names{"retain"});
}

}  // namespace
}  // namespace lethe::run
