#include "kernels/token_nll.h"

#include <limits>

#include "tests/kernels/cases.h"

namespace lethe::kernels::tests {
namespace {

template <class T>
class TokenLogProb : public TypedDeviceTest<T> {};
TYPED_TEST_SUITE(TokenLogProb, ElementTypes);

struct Row {
  double log_prob, lse, q, s;
};

template <class T>
Row reference(const T* z, std::int64_t vocab, std::int64_t target) {
  double largest = -std::numeric_limits<double>::infinity(), sum = 0;
  for (std::int64_t v = 0; v < vocab; ++v)
    if (v != target) largest = std::max(largest, value_of(z[v]));
  for (std::int64_t v = 0; v < vocab; ++v)
    if (v != target && largest > -1e300) sum += std::exp(value_of(z[v]) - largest);
  const double lse = largest + std::log(sum), s = lse - value_of(z[target]);
  return {-(std::max(s, 0.0) + std::log1p(std::exp(-std::fabs(s)))), lse, 1 / (1 + std::exp(-s)), s};
}

template <class T>
struct Case {
  std::int64_t rows, vocab;
  std::vector<T> logits, grad;
  std::vector<std::int64_t> targets;
  std::vector<float> upstream;
};

// Every third row gives its target a lead, so that p is near 1 there, and every third a lag.
template <class T>
Case<T> make_case(std::uint64_t seed, std::int64_t rows, std::int64_t vocab) {
  const auto count = static_cast<std::size_t>(rows * vocab);
  Case<T> c{rows, vocab, normals<T>(seed, 0, count, 3), normals<T>(seed, 1, count, 0.1), {}, {}};
  for (std::int64_t row = 0; row < rows; ++row) {
    const auto words = base::random_words({.seed = seed}, static_cast<std::uint64_t>(row));
    c.targets.push_back(words[0] % vocab);
    T& own = c.logits[static_cast<std::size_t>(row * vocab + c.targets.back())];
    own = rounded_to<T>(value_of(own) + 30.0 * static_cast<double>(row % 3 - 1));
    c.upstream.push_back(static_cast<float>(1 + row));
  }
  return c;
}

double chain(std::int64_t vocab) {
  return static_cast<double>(vocab) / 512 + 8 + 20;
}  // a thread's, then the tree

template <class T>
void check_case(const Case<T>& c) {
  Array<T> logits(c.logits), grad(c.grad);
  Array<std::int64_t> targets(c.targets);
  Array<float> upstream(c.upstream), log_prob(c.targets.size()), others(c.targets.size());
  token_log_prob_forward(logits.data(), targets.data(), c.rows, c.vocab, log_prob.data(), others.data(),
                         nullptr);
  token_log_prob_backward(logits.data(), targets.data(), others.data(), upstream.data(), c.rows, c.vocab,
                          grad.data(), nullptr);
  finish_device();
  std::size_t wrong = 0;
  for (std::int64_t row = 0; row < c.rows; ++row) {
    const auto r = static_cast<std::size_t>(row);
    const T* z = logits.data() + row * c.vocab;
    const Row exact = reference(z, c.vocab, c.targets[r]);
    const double lse = std::isfinite(exact.lse) ? std::fabs(exact.lse) : 0;
    const double s_growth = lse + std::fabs(value_of(z[c.targets[r]])) + chain(c.vocab);
    EXPECT_TRUE(within(log_prob[r], exact.log_prob,
                       tolerance(kEpsFloat, 1, exact.q * s_growth + 2 * std::fabs(exact.log_prob))))
        << "row " << row << " of " << c.vocab << ": " << log_prob[r] << ", not " << exact.log_prob;
    for (std::int64_t v = 0; v < c.vocab; ++v) {
      const std::size_t at = static_cast<std::size_t>(row * c.vocab + v);
      const double before = value_of(c.grad[at]), z_v = value_of(z[v]);
      const double added = c.upstream[r] * exact.q * (v == c.targets[r] ? 1 : -std::exp(z_v - exact.lse));
      const double bound = tolerance(kEpsFloat, s_growth + std::fabs(z_v) + lse, std::fabs(added)) +
                           tolerance(kEps<T>, 1, std::fabs(before + added)) +
                           tolerance(kEpsFloat, 1, std::fabs(before)) + 1e-40;
      wrong += !within(value_of(grad[at]), before + added, bound);
    }
  }
  EXPECT_EQ(wrong, 0u) << "gradients of " << c.rows << " x " << c.vocab;
}

TYPED_TEST(TokenLogProb, AgreesWithFloat64OverOddShapes) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    set_order(seed);
    for (const std::int64_t vocab : {1, 2, 7, 8, 33, 511, 1000, 2056})
      check_case(make_case<TypeParam>(seed, is_slow() ? 3 : 5, vocab));
    check_case(make_case<TypeParam>(seed, 1, 515));
  }
}

TYPED_TEST(TokenLogProb, AgreesWithFloat64OverRealVocabularies) {
  if (is_slow()) GTEST_SKIP() << "vocabularies up to 2,056 under the race checker";
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    set_order(seed);
    check_case(make_case<TypeParam>(seed, 3, 49152));
    check_case(make_case<TypeParam>(seed, 2, 128256));
    check_case(make_case<TypeParam>(seed, 1, 128255));
  }
}

template <class T>
float log_prob_of(const std::vector<T>& row, std::int64_t target) {
  Array<T> logits(row);
  Array<std::int64_t> targets(std::vector<std::int64_t>{target});
  Array<float> log_prob(1), others(1);
  token_log_prob_forward(logits.data(), targets.data(), 1, static_cast<std::int64_t>(row.size()),
                         log_prob.data(), others.data(), nullptr);
  finish_device();
  return log_prob[0];
}

TYPED_TEST(TokenLogProb, KeepsRelativeAccuracyAsTheProbabilityTendsToOne) {
  const std::vector<TypeParam> row = {rounded_to<TypeParam>(40), rounded_to<TypeParam>(0)};
  EXPECT_NEAR(log_prob_of(row, 0) / -std::exp(-40.0), 1, 1e-5);
}

TYPED_TEST(TokenLogProb, MaskedTokensCountForNothingAndNanIsSeen) {
  const double infinity = std::numeric_limits<double>::infinity();
  std::vector<TypeParam> row(300);
  for (auto& value : row) value = TypeParam{};
  const auto set = [&](std::size_t i, float value) {
    if constexpr (std::is_same_v<TypeParam, float>)
      row[i] = value;
    else
      row[i] = std::isnan(value) ? Bf16{0x7fc0} : Bf16{0xff80};
  };
  for (std::size_t i = 2; i < row.size(); ++i) set(i, static_cast<float>(-infinity));
  EXPECT_NEAR(log_prob_of(row, 0), -std::log(2.0), 1e-6);
  set(1, static_cast<float>(-infinity));
  EXPECT_EQ(log_prob_of(row, 0), 0);
  set(7, std::nanf(""));
  EXPECT_TRUE(std::isnan(log_prob_of(row, 0)));
}

}  // namespace
}  // namespace lethe::kernels::tests
