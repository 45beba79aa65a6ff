// Every jet rule against nested automatic differentiation, in float64.
#include "framework/ops/jet.h"

#include <vector>

#include "framework/ops/attention.h"
#include "framework/ops/embedding.h"
#include "framework/ops/linear.h"
#include "framework/ops/log_prob_jet.h"
#include "framework/ops/rms_norm.h"
#include "framework/ops/rope.h"
#include "framework/ops/swiglu.h"
#include "tests/ops/jet_oracle.h"

namespace lethe::ops {
namespace {

constexpr std::int64_t kDirections = 3;

class JetRules : public ::testing::Test {
 protected:
  void SetUp() override { at::manual_seed(11); }

  JetWeight weight(std::vector<std::int64_t> shape, bool moves = true) const {
    return {.value = random_tensor(shape), .first = 1000, .directions = &directions_, .moves = moves};
  }
  const Directions directions_{.key = {.seed = 5, .stream = base::Stream::rademacher, .draw = 2},
                               .count = kDirections};
};

TEST_F(JetRules, DirectionsAreTheNoiseOfTheCanonicalIndex) {
  const JetWeight w = weight({4, 6});
  for (std::int64_t d = 0; d < kDirections; ++d) {
    std::vector<double> expected(24);
    base::rademacher(
        {.seed = 5, .stream = base::Stream::rademacher, .draw = 2 + static_cast<std::uint32_t>(d)}, 1000,
        std::span(expected));
    const at::Tensor whole = w.direction(d, at::kDouble);
    EXPECT_TRUE(at::equal(whole.flatten(), at::tensor(expected, at::kDouble)));
    EXPECT_TRUE(at::equal(w.rows(2, 2).direction(d, at::kDouble), whole.narrow(0, 2, 2)));
    EXPECT_TRUE(at::equal(w.direction(d, at::kBFloat16).to(at::kDouble), whole));
  }
}

TEST_F(JetRules, Linear) {
  for (const bool moves : {true, false}) {
    const Jet x = random_jet(kDirections, {5, 6});
    const JetWeight w = weight({7, 6}, moves), bias = weight({7}, moves);
    expect_jet(linear(x, w, bias), [&](std::int64_t d, const at::Tensor& eps) {
      return at::linear(along(x, d, eps), along(w, d, eps), along(bias, d, eps));
    });
  }
}

TEST_F(JetRules, LinearThatMakesItsDirectionsInBlocks) {
  const Jet x = random_jet(1, {2, 2048});
  const JetWeight w = weight({1100, 2048});
  const Jet y = linear(x, w);
  const at::Tensor z = w.direction(0, at::kDouble);
  const at::Tensor first = at::mm(x.first(0), w.value.t()) + at::mm(x.value(), z.t());
  const at::Tensor second = at::mm(x.second(), w.value.t()) + 2 * at::mm(x.first(0), z.t());
  EXPECT_LE((y.first(0) - first).abs().max().item<double>(), 1e-10);
  EXPECT_LE((y.second() - second).abs().max().item<double>(), 1e-10);
}

TEST_F(JetRules, RmsNorm) {
  for (const bool moves : {true, false}) {
    const Jet x = random_jet(kDirections, {5, 8});
    const JetWeight gain = weight({8}, moves);
    expect_jet(rms_norm(x, gain, 1e-5), [&](std::int64_t d, const at::Tensor& eps) {
      return rms_norm(along(x, d, eps), along(gain, d, eps), 1e-5);
    });
  }
}

TEST_F(JetRules, Rope) {
  const Jet x = random_jet(kDirections, {4, 2, 6});
  const std::vector<std::int64_t> positions = {0, 1, 2, 0};
  const auto frequencies = rope_frequencies(10000, 6);
  const RopeTables tables = rope_tables(positions, frequencies, at::kDouble);
  expect_jet(rope(x, tables),
             [&](std::int64_t d, const at::Tensor& eps) { return rope(along(x, d, eps), tables); });
}

TEST_F(JetRules, Swiglu) {
  const Jet gate = random_jet(kDirections, {4, 9}), up = random_jet(kDirections, {4, 9});
  expect_jet(swiglu(gate, up), [&](std::int64_t d, const at::Tensor& eps) {
    return swiglu(along(gate, d, eps), along(up, d, eps));
  });
}

// The fused attention has no second derivative: this one is written out.
at::Tensor plain_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                           std::span<const std::int64_t> offsets) {
  const std::int64_t repeats = q.size(1) / k.size(1);
  std::vector<at::Tensor> out;
  for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
    const std::int64_t first = offsets[i], length = offsets[i + 1] - first;
    const auto part = [&](const at::Tensor& x, std::int64_t times) {
      return x.narrow(0, first, length).transpose(0, 1).repeat_interleave(times, 0);
    };
    const at::Tensor scores =
        at::matmul(part(q, 1), part(k, repeats).transpose(1, 2)) / std::sqrt(static_cast<double>(q.size(2)));
    const at::Tensor later = at::ones({length, length}, at::kBool).triu(1);
    const at::Tensor p = at::softmax(scores.masked_fill(later, -std::numeric_limits<double>::infinity()), -1);
    out.push_back(at::matmul(p, part(v, repeats)).transpose(0, 1).reshape({length, -1}));
  }
  return at::cat(out);
}

TEST_F(JetRules, AttentionInsideDocumentsWithGroupedHeads) {
  const Jet q = random_jet(kDirections, {9, 4, 3}), k = random_jet(kDirections, {9, 2, 3}),
            v = random_jet(kDirections, {9, 2, 3});
  const std::vector<std::int64_t> offsets = {0, 1, 5, 9};
  const Jet y = attention(q, k, v, offsets);
  expect_jet(y, [&](std::int64_t d, const at::Tensor& eps) {
    return plain_attention(along(q, d, eps), along(k, d, eps), along(v, d, eps), offsets);
  });
  const at::Tensor fused = attention(q.value(), k.value(), v.value(), offsets);
  EXPECT_LE((y.value() - fused).abs().max().item<double>(), 1e-13);
}

// 530 tokens of 16 heads pass the limit of a chunk.
TEST_F(JetRules, AttentionInChunksOfQueriesIsAttention) {
  const std::int64_t tokens = 530;
  const Jet q = random_jet(1, {tokens, 16, 2}), k = random_jet(1, {tokens, 8, 2}),
            v = random_jet(1, {tokens, 8, 2});
  const std::vector<std::int64_t> offsets = {0, tokens};
  const Jet y = attention(q, k, v, offsets);
  const at::Tensor probes = random_tensor({kContractions, y.value().numel()});
  const Derivatives oracle = differentiate(
      [&](const at::Tensor& eps) {
        return plain_attention(along(q, 0, eps), along(k, 0, eps), along(v, 0, eps), offsets);
      },
      probes);
  const auto off = [&](const at::Tensor& actual, const at::Tensor& expected) {
    return ((contractions(actual, probes) - expected).abs().max() / expected.abs().max()).item<double>();
  };
  EXPECT_LE(off(y.first(0), oracle.first), 1e-10);
  EXPECT_LE(off(y.second(), oracle.second), 1e-10);
}

TEST_F(JetRules, Embedding) {
  const at::Tensor ids = at::tensor(std::vector<std::int64_t>{3, 0, 3, 9});
  const JetWeight table = weight({10, 5});
  const Jet y = embedding(table, ids);
  for (std::int64_t d = 0; d < kDirections; ++d)
    EXPECT_TRUE(at::equal(y.first(d), table.direction(d, at::kDouble).index_select(0, ids)));
  EXPECT_TRUE(at::equal(y.value(), table.value.index_select(0, ids)));
  EXPECT_EQ(y.second().abs().max().item<double>(), 0);
  EXPECT_EQ(embedding(weight({10, 5}, false), ids).first().abs().max().item<double>(), 0);
}

Jet as_jet(const LogProbJet& p) { return {p.value, p.first, p.second, at::kDouble}; }

TEST_F(JetRules, LogProbOfTheHead) {
  for (const bool moves : {true, false}) {
    const Jet x = random_jet(kDirections, {6, 4});
    const JetWeight head = weight({31, 4}, moves);
    const at::Tensor targets = at::tensor(std::vector<std::int64_t>{0, 30, 7, 8, 15, 16});
    expect_jet(as_jet(log_prob(x, head, targets)), [&](std::int64_t d, const at::Tensor& eps) {
      const at::Tensor logits = at::linear(along(x, d, eps), along(head, d, eps));
      return at::log_softmax(logits, 1).gather(1, targets.unsqueeze(1)).squeeze(1);
    });
  }
}

// 50,000 words of 256 tokens make several slices of the vocabulary.
TEST_F(JetRules, LogProbOverSlicesOfTheVocabulary) {
  const Jet x(random_tensor({3, 256, 2}));
  const Directions one{.key = directions_.key, .count = 1};
  JetWeight head = weight({50000, 2});
  head.directions = &one;
  const at::Tensor targets = (at::arange(256) * 193) % 50000;
  const LogProbJet y = log_prob(x, head, targets);
  const at::Tensor z = head.direction(0, at::kDouble);
  const at::Tensor s0 = at::mm(x.value(), head.value.t()),
                   s1 = at::mm(x.first(0), head.value.t()) + at::mm(x.value(), z.t()),
                   s2 = at::mm(x.second(), head.value.t()) + 2 * at::mm(x.first(0), z.t());
  const at::Tensor p = at::softmax(s0, 1), column = targets.unsqueeze(1);
  const auto mean = [&](const at::Tensor& s) { return (p * s).sum(1); };
  const auto target = [&](const at::Tensor& s) { return s.gather(1, column).squeeze(1); };
  const at::Tensor first = target(s1) - mean(s1),
                   second = target(s2) - mean(s2) - (mean(s1.pow(2)) - mean(s1).pow(2));
  EXPECT_LE((y.value - target(at::log_softmax(s0, 1))).abs().max().item<double>(), 1e-12);
  EXPECT_LE((y.first[0] - first).abs().max().item<double>(), 1e-11);
  EXPECT_LE((y.second - second).abs().max().item<double>(), 1e-10);
}

// Two words, gap g between their logits: P = -log(1 + exp(-g)), P2 / P -> g1^2 - g2 as p -> 1. The ratio is
// what the score needs, and log_softmax would give 0 / 0.
TEST_F(JetRules, LogProbKeepsItsRatioWhereTheTokenIsCertain) {
  const float gap = 60, slope = 3, curve = 5;
  const Directions one{.key = directions_.key, .count = 1};
  const Jet x(at::tensor(std::vector<float>{gap, slope, curve}).view({3, 1, 1}));
  const JetWeight head{
      .value = at::tensor(std::vector<float>{1, 0}).view({2, 1}), .directions = &one, .moves = false};
  const LogProbJet p = log_prob(x, head, at::zeros({1}, at::kLong));
  EXPECT_NEAR(p.value.item<double>() / -std::exp(-60.0), 1, 1e-5);
  EXPECT_NEAR(p.first.item<double>() / p.value.item<double>(), -slope, 1e-5);
  EXPECT_NEAR(p.second.item<double>() / p.value.item<double>(), slope * slope - curve, 1e-5);
}

TEST_F(JetRules, Bf16PartsAreNearFloat32Ones) {
  const at::Tensor parts = at::randn({3, 5, 64});
  const JetWeight wide{
      .value = at::randn({32, 64}).to(at::kBFloat16).to(at::kFloat), .first = 7, .directions = &directions_};
  JetWeight narrow = wide;
  narrow.value = wide.value.to(at::kBFloat16);
  const at::Tensor rounded = parts.to(at::kBFloat16);
  const at::Tensor a = linear(Jet(rounded.to(at::kFloat)), wide).parts(),
                   b = linear(Jet(rounded), narrow).parts();
  EXPECT_EQ(b.scalar_type(), at::kBFloat16);
  EXPECT_LE((a - b).norm().item<double>(), 1e-2 * a.norm().item<double>());
}

}  // namespace
}  // namespace lethe::ops
