// What the evaluator is told of a model, on one rank and on sharded weights.
#include "framework/run/evaluated_engine.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "framework/config/document.h"
#include "framework/dist/simulated_group.h"
#include "tests/support/tiny_model.h"

namespace lethe::run {
namespace {

constexpr std::int64_t kVocab = 50;

RunConfig tiny_config(int zero) {
  return read_run_config(config::parse(
      fmt::format("model: {{init: random, tokenizer: nowhere, compute: float64}}\nparallel: {{zero: {}}}\n"
                  "data: {{forget: {{path: a}}, retain: {{path: b}}}}\neval: {{max_new_tokens: 4}}\n",
                  zero)));
}

struct Documents {
  std::vector<std::vector<std::int32_t>> ids = testing::tiny_documents(3, 11, kVocab);
  std::vector<data::Document> documents;
  Documents() {
    for (const auto& i : ids) documents.push_back({.ids = i, .prompt_tokens = 2});
  }
};

// Mean over tensors of the norms of d(mean loss)/d(tensor), from the whole gradient.
double expected_norm(Engine& engine, const data::Document& document) {
  data::Document inner = document;
  inner.ids = inner.ids.first(inner.ids.size() - 1);
  sharding::GradientStore gradients(engine.model.index, *engine.grid, at::kDouble);
  gradients.zero();
  const data::Pack pack = data::make_pack(std::span(&inner, 1));
  const at::Tensor log_probs = engine.walk->forward(pack, {.for_backward = true})[0];
  engine.walk->backward({at::full_like(log_probs, -1.0 / static_cast<double>(log_probs.numel()))}, gradients);
  gradients.finish();
  const at::Tensor whole = testing::whole_gradient(engine.model.index, gradients);
  double sum = 0;
  for (const models::Parameter& p : engine.model.index.parameters())
    sum += whole.narrow(0, static_cast<std::int64_t>(p.first), static_cast<std::int64_t>(p.count))
               .norm()
               .item<double>();
  return sum / static_cast<double>(engine.model.index.parameters().size());
}

TEST(EvaluatedEngine, GradientNormIsTheMeanOverTensorsOnAnyWorld) {
  const Documents made;
  const auto single = dist::make_single_group();
  const RunConfig config = tiny_config(0);
  Engine engine(config, *single, kVocab, {});
  EvaluatedEngine alone(config, engine, {});
  for (const data::Document& document : made.documents) {
    const double expected = expected_norm(engine, document);
    const double norm = alone.gradient_norm(document);
    EXPECT_NEAR(norm, expected, 1e-10 * expected);
    for (const int ranks : {2, 3})
      dist::run_simulated(ranks, [&](dist::ProcessGroup& world) {
        const RunConfig sharded = tiny_config(3);
        Engine part(sharded, world, kVocab, sharding::grid_shape(3, 0, ranks));
        EXPECT_EQ(EvaluatedEngine(sharded, part, {}).gradient_norm(document), norm) << "to the last bit";
      });
  }
}

// Its rows of a tied embedding meet what the head gives them; tokens are there more than once.
TEST(EvaluatedEngine, GradientNormOfAnElasticRunHasTheSameBitsOnAnyWorld) {
  const std::vector<std::int32_t> ids = {1, 2, 3, 2, 3, 2, 3, 4, 2, 3, 2, 1, 2, 3, 5};
  const data::Document document{.ids = ids, .prompt_tokens = 2};
  const RunConfig config =
      read_run_config(config::parse("model: {init: random, tokenizer: nowhere}\ndeterminism: elastic\n"
                                    "data: {forget: {path: a}, retain: {path: b}}\n"));
  std::vector<double> norms;
  for (const int zero : {0, 3})
    for (const int ranks : {1, 2, 3})
      dist::run_simulated(ranks, [&](dist::ProcessGroup& world) {
        Engine engine(config, world, kVocab, sharding::grid_shape(zero, 0, ranks));
        const double norm = EvaluatedEngine(config, engine, {}).gradient_norm(document);
        if (world.rank() == 0) norms.push_back(norm);
      });
  for (const double norm : norms) EXPECT_EQ(norm, norms[0]);
}

TEST(EvaluatedEngine, AnAnswerOfOneTokenHasNoGradientNorm) {
  const std::vector<std::int32_t> ids = {1, 2, 3};
  const auto single = dist::make_single_group();
  const RunConfig config = tiny_config(0);
  Engine engine(config, *single, kVocab, {});
  EXPECT_EQ(EvaluatedEngine(config, engine, {}).gradient_norm({.ids = ids, .prompt_tokens = 2}), 0);
}

TEST(EvaluatedEngine, NobodyAttendsToTheUnseenToken) {
  Documents made;
  constexpr std::int32_t kUnseen = 7;
  std::vector<data::Document> hidden;
  for (std::size_t d = 0; d < made.ids.size(); ++d) {
    made.ids[d][1] = kUnseen;
    hidden.push_back(made.documents[d]);
    hidden.back().unseen_id = kUnseen;
  }
  const auto single = dist::make_single_group();
  const RunConfig config = tiny_config(0);
  Engine engine(config, *single, kVocab, {});
  EvaluatedEngine plain(config, engine, {}), masked(config, engine, {}, kUnseen);
  const auto values = masked.statistics(made.documents, {"log_prob"});
  EXPECT_NE(values, plain.statistics(made.documents, {"log_prob"}));
  const at::Tensor expected = engine.walk->forward(data::make_pack(hidden), {})[0];
  EXPECT_EQ(values[0], std::vector<double>(expected.const_data_ptr<double>(),
                                           expected.const_data_ptr<double>() + expected.numel()));
  EXPECT_NE(masked.gradient_norm(made.documents[0]), plain.gradient_norm(made.documents[0]));
}

TEST(EvaluatedEngine, TheReferenceLeavesTheArithmeticOfTheRunAsItWas) {
  const Documents made;
  const auto single = dist::make_single_group();
  const auto folder = std::filesystem::path(::testing::TempDir()) / fmt::format("reference_{}", ::getpid());
  std::filesystem::create_directories(folder);
  for (const std::string level : {"fast", "reproducible"}) {
    RunConfig config = tiny_config(0);
    config.determinism = level;
    config.model.tokenizer = LETHE_SOURCE_DIR "/configs/smoke/tokenizer";
    config.eval.reference = folder / "model";
    Engine engine(config, *single, kVocab, {});
    if (!std::filesystem::exists(config.eval.reference)) engine.export_model(config.eval.reference);
    EvaluatedEngine model(config, engine, {});
    EXPECT_FALSE(model.reference_log_probs(made.documents).empty());
    EXPECT_EQ(at::globalContext().deterministicAlgorithms(), level != "fast") << level;
  }
  std::filesystem::remove_all(folder);
}

TEST(EvaluatedEngine, StatisticsStandInTheOrderOfTheirNames) {
  const Documents made;
  const auto single = dist::make_single_group();
  const RunConfig config = tiny_config(0);
  Engine engine(config, *single, kVocab, {});
  EvaluatedEngine model(config, engine, {});
  const auto both = model.statistics(made.documents, {"greedy", "log_prob"});
  EXPECT_EQ(both[1], model.statistics(made.documents, {"log_prob"})[0]);
  for (const double g : both[0]) EXPECT_TRUE(g == 0 || g == 1);
  EXPECT_EQ(model.no_reference(), "no reference model (eval.reference)");
}

}  // namespace
}  // namespace lethe::run
