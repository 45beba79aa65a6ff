// Jets of whole decoders: against nested automatic differentiation and against differences, in float64; and
// in the dtypes that scores are made in.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/statistics.h"
#include "framework/dist/simulated_group.h"
#include "framework/scoring/nested_autograd.h"
#include "framework/scoring/perturbation.h"
#include "framework/walk/block_walk.h"
#include "tests/support/tiny_model.h"

namespace lethe::scoring {
namespace {

using lethe::testing::TinyEngine;
using lethe::testing::TinyShape;

constexpr std::int64_t kDirections = 3;

class Bench {
 public:
  explicit Bench(TinyShape shape = {}, at::ScalarType compute = at::kDouble, const std::string& scope = "all")
      : model(lethe::testing::tiny_model(shape)),
        documents(lethe::testing::tiny_documents(5, 3, 61)),
        pack(lethe::testing::tiny_pack(documents, std::vector<int>{0, 1, 2, 3, 4})),
        engine(model, *world, {}, {.compute = compute}),
        request{{.key = {.seed = 9, .stream = base::Stream::rademacher, .draw = 4}, .count = kDirections},
                moved_parameters(model.index, scope)} {}

  ops::LogProbJet jets() { return walk::JetWalk(model, engine.weights).forward(pack, request); }

  // P of every token at W + step z_0.
  at::Tensor at_step(double step) {
    const PerturbedWeights source(model.index, {.seed = 9}, {.sigma = step, .sign = 1, .draw = 4});
    return walk::BlockWalk(model, engine.weights).forward(pack, {.source = &source})[0];
  }

  std::unique_ptr<dist::ProcessGroup> world = dist::make_single_group();
  models::DecoderModel model;
  std::vector<std::vector<std::int32_t>> documents;
  data::Pack pack;
  TinyEngine engine;
  walk::JetRequest request;
};

double largest_relative(const at::Tensor& actual, const at::Tensor& expected) {
  return ((actual - expected).abs() / expected.abs()).max().item<double>();
}

void expect_nested(Bench bench) {
  const ops::LogProbJet jets = bench.jets(), oracle = nested_log_prob(bench.model, bench.engine.weights,
                                                                      bench.pack, bench.request);
  EXPECT_LE(largest_relative(jets.value, oracle.value), 1e-10);
  EXPECT_LE((jets.first - oracle.first).norm().item<double>() / oracle.first.norm().item<double>(), 1e-10);
  EXPECT_LE((jets.second - oracle.second).norm().item<double>() / oracle.second.norm().item<double>(), 1e-10);
  EXPECT_GT(oracle.second.abs().min().item<double>(), 0);
}

TEST(DecoderJets, LlamaIsItsNestedDerivative) {
  expect_nested(Bench({.tied = true}));
  expect_nested(Bench({.tied = false}));
}

TEST(DecoderJets, BiasesOfQwen2AreToo) { expect_nested(Bench({.qkv_bias = true})); }

TEST(DecoderJets, ScopesThatArePatternsAreOfWholeNames) {
  const auto index = lethe::testing::tiny_model({.layers = 3}).index;
  const auto count = [&](const char* scope) {
    return std::ranges::count(moved_parameters(index, scope), true);
  };
  EXPECT_EQ(count("*.mlp.*"), count(".mlp."));
  EXPECT_EQ(count("*.layers.?.mlp.*"), 9);
  EXPECT_EQ(count("*.layers.[12].mlp.*"), 6);
  EXPECT_THROW((void)moved_parameters(index, "mlp.*"), Error) << "no name begins so";
}

TEST(DecoderJets, ScopesMoveWhatTheyName) {
  for (const char* scope : {"norms", "layers.1.mlp", "embed"}) expect_nested(Bench({}, at::kDouble, scope));
}

// Second differences: their error is of order step^2.
TEST(DecoderJets, DifferencesCloseInWithTheSquareOfTheStep) {
  Bench bench;
  bench.request.directions.count = 1;
  const at::Tensor curve = bench.jets().second, centre = bench.at_step(0);
  const auto error = [&](double step) {
    const at::Tensor second = (bench.at_step(step) + bench.at_step(-step) - 2 * centre) / (step * step);
    return (second - curve).norm().item<double>();
  };
  const double coarse = error(1e-3), fine = error(1e-4);
  EXPECT_NEAR(coarse / fine, 100, 5);
}

TEST(DecoderJets, Float32AndBf16FollowTheSameDirections) {
  const ops::LogProbJet exact = Bench().jets();
  const auto off = [&](at::ScalarType compute) {
    const at::Tensor second = Bench({}, compute).jets().second.to(at::kDouble);
    return (second - exact.second).norm().item<double>() / exact.second.norm().item<double>();
  };
  EXPECT_LE(off(at::kFloat), 1e-5);
  EXPECT_LE(off(at::kBFloat16), 5e-2);
}

TEST(DecoderJets, TheCollapsedSumIsTheSumOfItsDirections) {
  Bench bench;
  const at::Tensor together = bench.jets().second;
  at::Tensor sum = at::zeros_like(together);
  bench.request.directions.count = 1;
  for (std::int64_t d = 0; d < kDirections; ++d, ++bench.request.directions.key.draw)
    sum += bench.jets().second;
  EXPECT_LE(largest_relative(together, sum), 1e-11);
}

}  // namespace
}  // namespace lethe::scoring
