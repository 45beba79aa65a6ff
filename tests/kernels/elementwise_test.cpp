// RoPE and SwiGLU.
#include "kernels/rope.h"
#include "kernels/swiglu.h"
#include "tests/kernels/cases.h"

namespace lethe::kernels::tests {
namespace {

template <class T>
class RotaryEmbedding : public TypedDeviceTest<T> {};
TYPED_TEST_SUITE(RotaryEmbedding, ElementTypes);
template <class T>
class Swiglu : public TypedDeviceTest<T> {};
TYPED_TEST_SUITE(Swiglu, ElementTypes);

template <class T>
struct Tables {
  std::vector<T> cos, sin;
};
template <class T>
Tables<T> tables(std::int64_t tokens, std::int64_t half) {
  Tables<T> t;
  for (std::int64_t i = 0; i < tokens * half; ++i) {
    const double angle = static_cast<double>(i / half) * std::pow(1e4, -static_cast<double>(i % half) / half);
    t.cos.push_back(rounded_to<T>(std::cos(angle)));
    t.sin.push_back(rounded_to<T>(std::sin(angle)));
  }
  return t;
}

template <class T>
void check_rope(std::uint64_t seed, std::int64_t tokens, std::int64_t heads, std::int64_t dim, Turn turn) {
  const std::int64_t half = dim / 2;
  const auto count = static_cast<std::size_t>(tokens * heads * dim);
  const std::vector<T> before = normals<T>(seed, 0, count);
  const Tables<T> t = tables<T>(tokens, half);
  Array<T> x(before), cos(t.cos), sin(t.sin);
  rope<T>({x.data(), cos.data(), sin.data(), x.data(), tokens, heads, dim}, turn, nullptr);
  finish_device();
  std::size_t wrong = 0;
  for (std::size_t at = 0; at < count; ++at) {
    const auto i = static_cast<std::int64_t>(at) % dim, token = static_cast<std::int64_t>(at) / (dim * heads);
    const auto pair = static_cast<std::size_t>(token * half + i % half);
    const double c = value_of(t.cos[pair]), s = value_of(t.sin[pair]) * (turn == Turn::forward ? 1 : -1);
    const double own = value_of(before[at]),
                 mate = value_of(before[i < half ? at + static_cast<std::size_t>(half)
                                                 : at - static_cast<std::size_t>(half)]);
    const double expected = own * c + (i < half ? -mate : mate) * s;
    wrong += !within(value_of(x[at]), expected,
                     tolerance(kEpsFloat, 2, std::fabs(own * c) + std::fabs(mate * s)) +
                         tolerance(kEps<T>, 1, std::fabs(expected)));
  }
  EXPECT_EQ(wrong, 0u) << tokens << " x " << heads << " x " << dim;
}

TYPED_TEST(RotaryEmbedding, TurnsPairsThereAndBackInPlace) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    set_order(seed);
    for (const Turn turn : {Turn::forward, Turn::back}) {
      check_rope<TypeParam>(seed, 1, 1, 2, turn);
      check_rope<TypeParam>(seed, 5, 3, 6, turn);
      check_rope<TypeParam>(seed, is_slow() ? 3 : 17, 9, 64, turn);
    }
  }
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

template <class T>
void check_swiglu(std::uint64_t seed, std::size_t count, std::size_t offset) {
  const auto gate = normals<T>(seed, 0, count + offset, 4), up = normals<T>(seed, 1, count + offset),
             grad = normals<T>(seed, 2, count + offset);
  Array<T> g(gate), u(up), d(grad), y(count + offset), dg(count + offset), du(count + offset);
  const auto size = static_cast<std::int64_t>(count);
  swiglu_forward(g.data() + offset, u.data() + offset, y.data() + offset, size, nullptr);
  swiglu_backward<T>(
      {g.data() + offset, u.data() + offset, d.data() + offset, dg.data() + offset, du.data() + offset, size},
      nullptr);
  finish_device();
  std::size_t wrong = 0;
  for (std::size_t i = offset; i < count + offset; ++i) {
    const double a = value_of(gate[i]), b = value_of(up[i]), out = value_of(grad[i]), s = sigmoid(a);
    const auto near = [&](T value, double expected, double scale) {
      // exp(-x) is off by |x| eps.
      return within(value_of(value), expected,
                    tolerance(kEpsFloat, 8 + std::fabs(a), std::fabs(scale)) +
                        tolerance(kEps<T>, 1, std::fabs(expected)) + 1e-40);
    };
    wrong += !near(y[i], b * a * s, b * a * s);
    wrong += !near(du[i], out * a * s, out * a * s);
    wrong += !near(dg[i], out * b * s * (1 + a * (1 - s)), out * b * s * (1 + std::fabs(a)));
  }
  EXPECT_EQ(wrong, 0u) << count << " elements at " << offset;
}

TYPED_TEST(Swiglu, AgreesWithFloat64AtAnyLengthAndAlignment) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    set_order(seed);
    for (const std::size_t count : {1, 7, 8, 9, 1536, 6001}) check_swiglu<TypeParam>(seed, count, seed % 3);
  }
}

}  // namespace
}  // namespace lethe::kernels::tests
