// What a run asks of a rank: its share of the update with the longest samples.
#include "framework/run/workload.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "framework/config/document.h"
#include "framework/run/engine.h"
#include "framework/run/measurement.h"

namespace lethe::run {
namespace {

RunConfig run_config_of(const std::string& rest) {
  return read_run_config(config::parse(
      "model: {init: random, tokenizer: nowhere}\ndata: {forget: {path: a}, retain: {path: b}}\n" + rest));
}

// Three forget samples of 30, 20 and 10 tokens, one retain sample of 40.
const DataLengths kData = {.forget = {{10, 1}, {30, 3}, {20, 2}}, .retain = {{40, 4}}};

TEST(LargestPack, IsARanksShareOfTheLongestBatch) {
  const RunConfig config = run_config_of("train: {forget_batch: 3, retain_batch: 1}\n");
  const auto tokens = [&](int ranks, std::int64_t micro_batch) {
    return largest_pack(config, kData, ranks, micro_batch).tokens;
  };
  EXPECT_EQ(tokens(1, 8), 100);
  EXPECT_EQ(tokens(1, 2), 50) << "two passes: forget samples of 30 and 20, and of 10 and 40";
  EXPECT_EQ(tokens(2, 8), 50) << "40 and 10 against 30 and 20";
  EXPECT_EQ(tokens(4, 8), 40);
  EXPECT_EQ(tokens(8, 8), 40) << "more ranks than samples";
  EXPECT_EQ(largest_pack(config, kData, 2, 8).scored, 5);
}

TEST(LargestPack, OfABatchBeyondTheSetTakesTheLongestAgainWhereSamplesMayRepeat) {
  const std::string batch = "train: {forget_batch: 4, retain_batch: 2}\n",
                    repeats = "{name: uniform, replacement: true}\n";
  const RunConfig once = run_config_of(batch),
                  again = run_config_of(batch + "sampler: " + repeats + "retain_sampler: " + repeats);
  EXPECT_EQ(largest_pack(once, kData, 1, 8).tokens, 30 + 20 + 10 + 40);
  EXPECT_EQ(largest_pack(again, kData, 1, 8).tokens, 30 + 20 + 10 + 30 + 40 + 40);
}

// The batch that is asked of a set that nobody reads makes no pass and no pack larger.
TEST(LargestPack, HoldsNoSampleThatIsNotRead) {
  const std::string batch = "train: {forget_batch: 3, retain_batch: 1}\n";
  const RunConfig ascent = run_config_of("objective: grad_ascent\n" + batch),
                  retrained = read_run_config(
                      config::parse("model: {init: random, tokenizer: nowhere}\nobjective: finetune\n"
                                    "data: {forget: {path: a}, retain: {path: b}, exclude: forget}\n" +
                                    batch));
  EXPECT_EQ(largest_pack(ascent, kData, 1, 8).tokens, 60);
  EXPECT_EQ(largest_pack(retrained, kData, 1, 8).tokens, 40);
  EXPECT_EQ(samples_of_update(ascent, kData).retain, 0);
  EXPECT_EQ(samples_of_update(retrained, kData).forget, 0);
  const models::DecoderModel model = models::make_decoder_model(model_shape(ascent, 500));
  EXPECT_EQ(workload_of(ascent, model.index, kData, 1, 1).pack_tokens, 60);
  EXPECT_TRUE(workload_of(retrained, model.index, kData, 1, 1).smaller_packs.empty());
}

TEST(LargestPack, OfAnElasticRunHoldsTheLogicalShardsOfARank) {
  const RunConfig config = run_config_of(
      "determinism: elastic\nparallel: {logical_shards: 4}\ntrain: {forget_batch: 3, retain_batch: 1}\n");
  EXPECT_EQ(largest_pack(config, kData, 4, 8).tokens, 40);
  EXPECT_EQ(largest_pack(config, kData, 2, 8).tokens, 70) << "neighbours: 40 and 30";
}

TEST(LargestPack, HoldsTheOtherAnswersThatRideAlongAndNoneThatNobodyReads) {
  DataLengths data = kData;
  data.alternate = {{5, 5}, {7, 6}, {100, 90}};
  const std::string batch = "train: {forget_batch: 3, retain_batch: 1}\n";
  const planning::PackSize dpo = largest_pack(run_config_of("objective: dpo\n" + batch), data, 1, 8);
  EXPECT_EQ(dpo.tokens, 100 + 112);
  EXPECT_EQ(dpo.scored, 10 + 101);
  EXPECT_EQ(largest_pack(run_config_of("objective: idk\n" + batch), data, 1, 8).tokens, 112 + 40)
      << "the forget answers are not read";
}

// A reference log-probability for each of the refusals that a sample meets.
TEST(Workload, CountsTheReferencesOfOtherAnswers) {
  DataLengths data = kData;
  data.alternate = {{5, 5}, {7, 6}, {100, 9}};
  const RunConfig config = run_config_of("objective: dpo\n");
  const models::DecoderModel model = models::make_decoder_model(model_shape(config, 500));
  EXPECT_EQ(workload_of(config, model.index, data, 1, 1).reference_tokens, 6 + 20);
}

// Three samples of 10, 30 and 20 tokens, half of them the prompt's; the second has four wrong answers.
SampleSet measured_set(const std::string& name) {
  static const std::vector<std::int32_t> ids(30, 1);
  SampleSet set{.name = name};
  for (const std::int64_t tokens : {10, 30, 20}) {
    set.documents.push_back(
        {.ids = std::span(ids).first(static_cast<std::size_t>(tokens)), .prompt_tokens = tokens / 2});
    set.samples.emplace_back();
  }
  set.samples[1].perturbed_answers = {"a", "b", "c", "d"};
  return set;
}

planning::Evaluating evaluation_of(const std::string& eval) {
  const SampleSet forget = measured_set("forget"), retain = measured_set("retain");
  const std::vector<const SampleSet*> sets = {&forget, &retain};
  return evaluation_passes(run_config_of("eval: {" + eval + "}\n"), sets).evaluation;
}

TEST(EvaluationPasses, AreThoseOfTheMetrics) {
  const planning::Evaluating plain = evaluation_of("batch: 2, max_new_tokens: 7, generate: true");
  EXPECT_EQ(plain.cached_tokens, 2 * (10 + 7)) << "prompts of 5 and 10 tokens; one of 15 by itself";
  EXPECT_EQ(plain.prompts.tokens, 15);
  EXPECT_EQ(plain.prompts.scored, 2);
  EXPECT_EQ(plain.pack.tokens, 4 * 60) << "of four wrong answers to each question";
  EXPECT_EQ(plain.gradient_of.tokens, 0);
  EXPECT_TRUE(plain.reference.empty());
  const planning::Evaluating attack =
      evaluation_of("metrics: [{name: mia_gradnorm, holdout: retain}], max_samples: 1");
  EXPECT_EQ(attack.gradient_of.tokens, 10);
  EXPECT_EQ(attack.gradient_of.scored, 5);
  EXPECT_EQ(attack.pack.tokens, 0);
  EXPECT_EQ(attack.cached_tokens, 0);
}

TEST(EvaluationPasses, OfSomeGenerationsCacheSome) {
  EXPECT_EQ(evaluation_of("max_new_tokens: 7, max_generations: 1").cached_tokens, 5 + 7);
  EXPECT_EQ(evaluation_of("generate: false").cached_tokens, 0);
}

planning::Workload workload_on(int ranks, const std::string& train) {
  const RunConfig config = run_config_of("train: {forget_batch: 3, retain_batch: 1" + train + "}\n");
  const models::DecoderModel model = models::make_decoder_model(model_shape(config, 500));
  return workload_of(config, model.index, kData, ranks, ranks);
}

TEST(Workload, OfATrainingThatScoresHasThePassesOfItsScorings) {
  const auto passes = [](const std::string& rest) {
    const RunConfig config = run_config_of("objective: grad_diff\n" + rest);
    const models::DecoderModel model = models::make_decoder_model(model_shape(config, 500));
    return workload_of(config, model.index, kData, 1, 1).measures;
  };
  EXPECT_EQ(passes("").pack.tokens, 0);
  EXPECT_EQ(passes("sampler: mrd\nscore: {from: runs/source}\n").pack.tokens, 0);
  const planning::Measuring pairs = passes("sampler: mrd\n"),
                            jets = passes("sampler: mrd\nscore: {estimator: {name: jet, group: 3}}\n");
  EXPECT_TRUE(pairs.perturbs);
  EXPECT_EQ(pairs.pack.tokens, 60);
  EXPECT_EQ(pairs.pack.scored, 6);
  EXPECT_FALSE(jets.perturbs);
  EXPECT_EQ(jets.directions, 3);
  EXPECT_EQ(jets.longest_document, 30);
}

// The frozen model's log-probabilities are of whole sets in full packs, whatever the micro-batch; so are
// looks.
TEST(Workload, OfATrainingHasThePassesOverWholeSets) {
  const auto pack = [](const std::string& rest) {
    const RunConfig config =
        run_config_of("train: {forget_batch: 1, retain_batch: 1, micro_batch: 1}\n" + rest);
    const models::DecoderModel model = models::make_decoder_model(model_shape(config, 500));
    return workload_of(config, model.index, kData, 1, 1).measures.pack;
  };
  EXPECT_EQ(pack("objective: grad_diff\n").tokens, 0);
  EXPECT_EQ(pack("objective: npo\n").tokens, 60);
  EXPECT_EQ(pack("objective: npo\n").scored, 6);
  EXPECT_EQ(pack("objective: grad_diff\nsampler: {name: active, forgotten_below: 0.2}\n").tokens, 60);
  EXPECT_EQ(pack("objective: finetune\n").tokens, 0);
}

TEST(Workload, OfATrainingThatDrawsNoForgetSampleHasNoScorings) {
  for (const char* rest :
       {"objective: finetune\ndata: {exclude: forget, forget: {path: a}, retain: {path: b}}\n",
        "train: {forget_batch: 0}\ndata: {forget: {path: a}, retain: {path: b}}\n"}) {
    const RunConfig config = read_run_config(
        config::parse(std::string("model: {init: random, tokenizer: nowhere}\nsampler: mrd\n") + rest));
    EXPECT_EQ(refresh_passes(config, kData, 1).pack.tokens, 0) << rest;
  }
}

// The norms-only scoring of an analysis is given no step: in bf16 `auto` takes jets for it, beside pairs.
TEST(Workload, OfAnAnalysisHasThePassesOfItsSecondScoring) {
  const auto passes = [](const std::string& estimator, bool analyse) {
    const RunConfig config = read_run_config(
        config::parse("model: {init: random, tokenizer: nowhere, compute: bfloat16}\n"
                      "data: {forget: {path: a}, retain: {path: b}}\nscore: {sigma_eff: 0.1, estimator: " +
                      estimator + "}\n"));
    return scoring_passes(config, kData, analyse, 1);
  };
  EXPECT_EQ(passes("auto", false).directions, 0);
  EXPECT_GT(passes("auto", true).directions, 0);
  EXPECT_TRUE(passes("auto", true).perturbs);
  EXPECT_EQ(passes("antithetic", true).directions, 0);
}

TEST(Workload, NamesOnlySmallerMicroBatchesThatHoldLess) {
  EXPECT_EQ(workload_on(1, "").smaller_packs.size(), 2u) << "of 2 and 1 samples, beside all 4";
  EXPECT_TRUE(workload_on(4, "").smaller_packs.empty()) << "each rank has one sample already";
}

TEST(Workload, KnowsWhatMoreRanksWouldGet) {
  const auto more = workload_on(1, "").more_ranks_packs;
  ASSERT_EQ(more.size(), 2u) << "on two ranks and on four; on eight it is one sample still";
  EXPECT_EQ(more[0].tokens, 50);
  EXPECT_EQ(more[1].tokens, 40);
}

TEST(Workload, EndsWhereTheObjectiveReadsNothingBehind) {
  const auto last_layer = [](const std::string& objective) {
    const RunConfig config = run_config_of("objective: " + objective + "\n");
    const models::DecoderModel model = models::make_decoder_model(model_shape(config, 500));
    return workload_of(config, model.index, kData, 1, 1).last_layer;
  };
  EXPECT_EQ(last_layer("npo"), -1);
  EXPECT_EQ(last_layer("{name: rmu, layer: 1}"), 1);
  EXPECT_EQ(last_layer("{name: rmu, layer: 1, retain_loss: nll}"), -1) << "the likelihood is the head's";
}

TEST(Workload, OfAnElasticRunHasTheLeavesOfEachWave) {
  const std::string elastic =
      "determinism: elastic\nparallel: {logical_shards: 4}\ntrain: {forget_batch: 3, retain_batch: 1, ";
  const auto load = [&](const std::string& micro_batch) {
    const RunConfig config = run_config_of(elastic + "micro_batch: " + micro_batch + "}\n");
    const models::DecoderModel model = models::make_decoder_model(model_shape(config, 500));
    return workload_of(config, model.index, kData, 1, 1);
  };
  EXPECT_EQ(load("4").leaves, (planning::LeavesByWave{{0, 1, 2, 3}}));
  EXPECT_EQ(load("1").leaves, (planning::LeavesByWave{{0}, {1}, {2}, {3}}));
  EXPECT_EQ(load("4").smaller_packs.back().leaves, load("1").leaves);
  EXPECT_TRUE(workload_on(1, "").leaves.empty());
}

TEST(Workload, KnowsWhatIsFrozen) {
  const auto all = workload_on(1, "").trained_segments;
  EXPECT_EQ(std::ranges::count(all, true), static_cast<std::ptrdiff_t>(all.size()));
  const auto one = workload_on(1, ", trainable: ['*layers.1.*']").trained_segments;
  EXPECT_EQ(std::ranges::count(one, true), 1);
}

}  // namespace
}  // namespace lethe::run
