// Scores over the engine: the same bits on every world and grid, from weights that nobody touches, in bounded
// memory.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <mutex>

#include "framework/dist/simulated_group.h"
#include "framework/scoring/mrd.h"
#include "framework/scoring/perturbation.h"
#include "framework/scoring/walked_model.h"
#include "tests/support/counting_group.h"
#include "tests/support/tiny_model.h"

namespace lethe::scoring {
namespace {

using lethe::testing::TinyEngine;

struct Set {
  explicit Set(int count) : tokens(lethe::testing::tiny_documents(count, 3, 61)) {
    for (std::size_t d = 0; d < tokens.size(); ++d)
      documents.push_back({.ids = tokens[d], .prompt_tokens = 1 + static_cast<std::int64_t>(d % 3)});
  }
  std::vector<std::vector<std::int32_t>> tokens;
  std::vector<data::Document> documents;
};

MrdOptions options_of(const std::string& estimator) {
  MrdOptions o;
  o.estimator = estimator;
  if (estimator != "jet" && estimator != "hvp") o.sigma_eff = 3e-3;
  o.stop = {.min_draws = 3, .max_draws = 3};
  return o;
}

// Score and standard error of every sample.
std::vector<double> numbers(const MrdResult& result) {
  std::vector<double> numbers;
  for (const ScoredSample& sample : result.samples)
    numbers.insert(numbers.end(), {sample.score, sample.standard_error});
  return numbers;
}

struct Scored {
  std::vector<double> numbers;
  bool masters_kept = false;
};

Scored score_on(const models::DecoderModel& model, const Set& set, dist::ProcessGroup& world, int zero,
                at::ScalarType compute, const std::string& estimator) {
  TinyEngine engine(model, world, sharding::grid_shape(zero, 0, world.size()), {.compute = compute});
  const auto masters = [&] {
    std::vector<at::Tensor> copies;
    for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s)
      copies.push_back(engine.weights.master(s).clone());
    return at::cat(copies);
  };
  const at::Tensor before = masters();
  walk::BlockWalk walk(model, engine.weights);
  WalkedModel scored(walk, engine.weights, world, set.documents);
  const auto result = numbers(score(scored, options_of(estimator), 0));
  return {result, at::equal(before, masters())};
}

struct Case {
  std::string estimator;
  at::ScalarType compute;
};
class Worlds : public ::testing::TestWithParam<Case> {};

// 260 documents make several packs, so every rank of most worlds has work, and none has the same.
TEST_P(Worlds, GiveTheSameBitsOfEveryScore) {
  const Set set(260);
  const auto model = lethe::testing::tiny_model({.layers = 1});
  const auto alone = dist::make_single_group();
  const Scored expected = score_on(model, set, *alone, 0, GetParam().compute, GetParam().estimator);
  EXPECT_TRUE(expected.masters_kept);
  EXPECT_GT(expected.numbers[0], 0);
  for (const int size : {1, 2, 3, 4, 8}) {
    for (const int zero : {0, 2, 3}) {
      std::mutex mutex;
      dist::run_simulated(size, [&](dist::ProcessGroup& world) {
        const Scored here = score_on(model, set, world, zero, GetParam().compute, GetParam().estimator);
        const std::lock_guard lock(mutex);
        EXPECT_EQ(here.numbers, expected.numbers) << size << " ranks, zero " << zero;
        EXPECT_TRUE(here.masters_kept);
      });
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Estimators, Worlds,
                         ::testing::Values(Case{"antithetic", at::kFloat}, Case{"plain", at::kFloat},
                                           Case{"mean_abs", at::kFloat}, Case{"jet", at::kFloat},
                                           Case{"jet", at::kBFloat16}, Case{"antithetic", at::kBFloat16}),
                         [](const auto& info) {
                           return info.param.estimator +
                                  (info.param.compute == at::kBFloat16 ? "_bf16" : "_float32");
                         });

// The tiny model on one rank, and what scores it.
struct Alone {
  explicit Alone(const Set& set, at::ScalarType compute = at::kDouble, lethe::testing::TinyShape shape = {})
      : model(lethe::testing::tiny_model(shape)),
        engine(model, *world, {}, {.compute = compute}),
        scored(walk, engine.weights, *world, set.documents) {}
  models::DecoderModel model;
  std::unique_ptr<dist::ProcessGroup> world = dist::make_single_group();
  TinyEngine engine;
  walk::BlockWalk walk{model, engine.weights};
  WalkedModel scored;
};

TEST(EngineScores, JetsAreTheOracleSampleBySample) {
  const Set set(6);
  Alone alone(set);
  for (const Mode mode : {Mode::sum, Mode::mean, Mode::aggregate}) {
    const Functional f(alone.scored, mode, {.seed = 2});
    const std::vector<DirectionGroup> groups = {{0, 1}, {1, 2}};
    const auto jets = f.orders(groups, SecondOrder::jet), oracle = f.orders(groups, SecondOrder::hessian);
    for (std::size_t g = 0; g < groups.size(); ++g) {
      for (std::size_t i = 0; i < set.documents.size(); ++i) {
        EXPECT_NEAR(jets[g].second[i] / oracle[g].second[i], 1, 1e-10);
        EXPECT_NEAR(jets[g].first[i] / oracle[g].first[i], 1, 1e-10);
      }
    }
  }
}

// Ranks without a job of the oracle's join its gathers.
TEST(EngineScores, TheOracleIsTheSameOnEveryWorld) {
  const Set set(2);
  const auto model = lethe::testing::tiny_model({.layers = 1});
  const auto alone = dist::make_single_group();
  const Scored expected = score_on(model, set, *alone, 0, at::kDouble, "hvp");
  for (const int size : {2, 3}) {
    for (const int zero : {0, 3}) {
      dist::run_simulated(size, [&](dist::ProcessGroup& world) {
        EXPECT_EQ(score_on(model, set, world, zero, at::kDouble, "hvp").numbers, expected.numbers);
      });
    }
  }
}

TEST(EngineScores, SomeSamplesAloneAreThemselves) {
  const Set set(6);
  Alone alone(set);
  const Functional f(alone.scored, Mode::sum, {});
  const std::vector<DirectionGroup> group = {{3, 2}};
  const std::vector<std::int64_t> some = {1, 4};
  const auto all = f.orders(group, SecondOrder::jet)[0], two = f.orders(group, SecondOrder::jet, some)[0];
  EXPECT_NEAR(two.second[0] / all.second[1], 1, 1e-12);
  EXPECT_NEAR(two.second[1] / all.second[4], 1, 1e-12);
}

TEST(EngineScores, RatiosDivideByNoLessThanEps) {
  const Set set(6);
  Alone alone(set);
  (void)alone.scored.base_pass();
  const std::vector<Perturbation> noises = {{.sigma = 1e-3}, {.sigma = 1e-3, .eps = 1000}};
  const std::vector<PassValues> passes = alone.scored.perturbed_passes({}, noises, {});
  for (std::size_t i = 0; i < set.documents.size(); ++i) {
    EXPECT_EQ(passes[1].difference[i], passes[0].difference[i]);
    EXPECT_NEAR(passes[1].ratio[i], -passes[0].difference[i] / 1000, 1e-15);
    EXPECT_GT(std::abs(passes[0].ratio[i]), 10 * std::abs(passes[1].ratio[i]));
  }
}

// Batch splits: a sample's pairs are the same number in the company of all and of two.
TEST(EngineScores, PairsInFloat32DoNotKnowTheirCompany) {
  const Set set(12);
  Alone alone(set, at::kFloat);
  const Functional f(alone.scored, Mode::sum, {});
  const auto pairs = make_estimator("antithetic", {});
  const double step = 2e-2;
  const auto all = pairs->draws(f, step, 0, 4);
  for (const std::vector<std::int64_t>& some :
       {std::vector<std::int64_t>{0, 1, 2, 3}, {4, 5, 6, 7, 8, 9, 10, 11}}) {
    const auto part = pairs->draws(f, step, 0, 4, some);
    for (std::size_t i = 0; i < some.size(); ++i) {
      double together = 0, apart = 0;
      for (std::size_t k = 0; k < 4; ++k) {
        together += all[k].value[static_cast<std::size_t>(some[i])];
        apart += part[k].value[i];
      }
      EXPECT_NEAR(apart / together, 1, 1e-4) << some[i];
    }
  }
}

TEST(EngineScores, WeightsStayAsTheyAreWhenAPassThrows) {
  const auto model = lethe::testing::tiny_model();
  const auto world = dist::make_single_group();
  TinyEngine engine(model, *world, {}, {});
  std::vector<at::Tensor> before;
  for (int s = 0; s < 3; ++s) before.push_back(engine.weights.master(s).clone());
  const auto documents = lethe::testing::tiny_documents(3, 3, 61);
  data::Pack pack = lethe::testing::tiny_pack(documents, std::vector<int>{0, 1, 2});
  pack.targets.back() = 1000;  // beyond the vocabulary: the head throws
  const PerturbedWeights source(model.index, {}, {.sigma = 1e-3});
  EXPECT_THROW((void)walk::BlockWalk(model, engine.weights).forward(pack, {.source = &source}),
               std::exception);
  const std::vector<bool> all(model.index.parameters().size(), true);
  EXPECT_THROW((void)walk::JetWalk(model, engine.weights).forward(pack, {{.count = 1}, all}), std::exception);
  for (int s = 0; s < 3; ++s) EXPECT_TRUE(at::equal(engine.weights.master(s), before[s])) << s;
}

// Sharded, a gather of each block serves four pairs with both signs, and jets of several groups and packs.
TEST(EngineScores, OneGatherServesSeveralDrawsAndBothSigns) {
  constexpr int kRanks = 2;
  const Set set(20);
  const auto model = lethe::testing::tiny_model();
  const std::size_t segments = model.index.segments().size();
  dist::run_simulated(kRanks, [&](dist::ProcessGroup& group) {
    lethe::testing::Traffic traffic;
    const auto world = lethe::testing::count_traffic(group, traffic);
    TinyEngine engine(model, *world, sharding::grid_shape(3, 0, kRanks), {});
    walk::BlockWalk walk(model, engine.weights);
    WalkedModel scored(walk, engine.weights, *world, set.documents);
    ASSERT_EQ(data::packs_of(set.documents).size(), 1);
    const auto gathers_of = [&](const auto& work) {
      const std::size_t before = traffic.gathers;
      work();
      return traffic.gathers - before;
    };
    const std::size_t pass = gathers_of([&] { (void)scored.base_pass(); });
    // The embedding is the head's segment too, and is gathered at both ends.
    EXPECT_EQ(pass, segments + 1);
    std::vector<Perturbation> pairs;
    for (std::uint32_t k = 0; k < 8; ++k) {
      for (const int sign : {1, -1}) pairs.push_back({.sigma = 1e-3, .sign = sign, .draw = k});
    }
    EXPECT_EQ(gathers_of([&] { (void)scored.perturbed_passes({}, pairs, {}); }), pass);
    const std::vector<DirectionGroup> groups = {{0, 2}, {2, 2}, {4, 2}, {6, 2}};
    EXPECT_EQ(gathers_of([&] { (void)scored.derivative_passes({}, groups, {}, SecondOrder::jet); }), pass);
  });
}

// Beside the weights: one scratch buffer of the largest segment and one of the final norm, which is seen
// beside the head, and none for jets where the rank holds the model.
TEST(EngineScores, ScratchIsABlockAndJetsNeedNone) {
  const Set set(20);
  for (const std::string estimator : {"antithetic", "jet"}) {
    Alone alone(set, at::kFloat, {.layers = 6});
    (void)score(alone.scored, options_of(estimator), 0);
    const std::size_t block = alone.engine.weights.layout().largest_padded_size() * sizeof(float);
    const std::size_t norm = static_cast<std::size_t>(alone.model.config.hidden_size) * sizeof(float);
    EXPECT_EQ(alone.engine.weights.peak_gathered_bytes(), estimator == "jet" ? 0 : block + norm);
  }
}

}  // namespace
}  // namespace lethe::scoring
