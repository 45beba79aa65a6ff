// Laws of the memory that `--check` predicts: of the hungriest stage that trains, with the shape of the model
// that an earlier stage will have written, once for cells that differ in no size.
#include "framework/campaign/memory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "tests/campaign/support.h"

namespace lethe::campaign {
namespace {

using ::testing::HasSubstr;

// A stage that reads `model` as runs do: init, path, shape; and a sampler, which may score between updates.
std::string check_model(config::Section root, const std::string&) {
  std::int64_t seed = 0, width = 0;
  std::string init = "random", path, compute = "float32";
  std::string sampler = "uniform";
  root.optional("seed", seed, "").optional("sampler", sampler, "");
  config::Section model = root.section("model", "");
  model.optional("init", init, "").optional("path", path, "").optional("compute", compute, "");
  model.section("shape", "").optional("width", width, "").reject_unknown();
  model.reject_unknown();
  root.reject_unknown();
  return config::effective_yaml(root);
}

struct Memory : ::testing::Test {
  Plan plan_of(const std::string& rest) const {
    folder.write("run.yaml", "model: {init: random, shape: {width: 5}}\n");
    return make_plan(options_of(folder, "campaign:\n  base: run.yaml\n" + rest), paths, check_model);
  }
  // The width stands for the bytes; only a random model has a shape, and only mrd holds anything to score.
  std::uint64_t predict(config::Section root, std::int64_t ranks) {
    ++calls;
    config::Section model = root.section("model", "");
    std::string init, compute, sampler;
    std::int64_t width = 0;
    root.optional("sampler", sampler, "");
    model.optional("init", init, "").optional("compute", compute, "");
    model.section("shape", "").optional("width", width, "");
    if (init != "random") fail("model.missing", "no such model");
    return static_cast<std::uint64_t>(width * ranks * (compute == "bfloat16" ? 100 : 10) +
                                      (sampler == "mrd" ? 7 : 0));
  }
  std::map<std::string, MemoryPrediction> predictions_of(const Plan& plan) {
    return predict_memory(plan, paths, [this](config::Section root, std::int64_t ranks) {
      return predict(std::move(root), ranks);
    });
  }
  Folder folder;
  CampaignPaths paths{folder.path("out")};
  int calls = 0;
};

constexpr const char* kThreeStages =
    "  stages:\n    - {name: plant}\n"
    "    - {name: mid, settings: {model: {init: files, path: \"{plant}/model\"}}}\n"
    "    - {name: last, ranks: 3, settings: {model: {init: files, path: \"{mid}/model\", compute: "
    "bfloat16}}}\n";

TEST_F(Memory, AModelThatIsYetToBeWrittenHasTheShapeOfTheFirstOne) {
  const Plan plan = plan_of(kThreeStages);
  const auto predictions = predictions_of(plan);
  EXPECT_EQ(predictions.at(plan.cells[0].tasks[1]).bytes, 50u);
  EXPECT_EQ(predictions.at(plan.cells[0].tasks[2]).bytes, 1500u);  // its own ranks and compute type
  EXPECT_EQ(memory_of(plan.cells[0], predictions), "1.5 KiB a rank");
}

TEST_F(Memory, CellsThatDifferInNoSizeArePredictedOnce) {
  (void)predictions_of(plan_of("  repeats: {seeds: [1, 2, 3, 4]}\n"));
  EXPECT_EQ(calls, 1);
}

TEST_F(Memory, WhatIsScoredBetweenUpdatesIsCounted) {
  const Plan plan = plan_of("  axes: {sampler: [uniform, mrd]}\n");
  const auto predictions = predictions_of(plan);
  EXPECT_EQ(memory_of(plan.cells[0], predictions), "50 B a rank");
  EXPECT_EQ(memory_of(plan.cells[1], predictions), "57 B a rank");
}

TEST_F(Memory, WhatCannotBePredictedSaysWhy) {
  const Plan plan = plan_of("  stages: [{name: run, settings: {model: {init: files, path: nowhere}}}]\n");
  EXPECT_THAT(memory_of(plan.cells[0], predictions_of(plan)),
              HasSubstr("memory not predicted: error[model.missing]"));
  const Plan scored = plan_of("  stages: [{name: run, command: score}]\n");
  EXPECT_THAT(memory_of(scored.cells[0], predictions_of(scored)), HasSubstr("no stage trains"));
}

}  // namespace
}  // namespace lethe::campaign
