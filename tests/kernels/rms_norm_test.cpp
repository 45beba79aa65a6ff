#include "kernels/rms_norm.h"

#include "tests/kernels/cases.h"

namespace lethe::kernels::tests {
namespace {

template <class T>
class RmsNorm : public TypedDeviceTest<T> {};
TYPED_TEST_SUITE(RmsNorm, ElementTypes);

constexpr float kEpsilon = 1e-5f;

template <class T>
struct Case {
  std::int64_t rows, width;
  bool residual;
  std::vector<T> x, other, gain, grad_y, grad_sum;
};

template <class T>
Case<T> make_case(std::uint64_t seed, std::int64_t rows, std::int64_t width, bool residual) {
  const auto count = static_cast<std::size_t>(rows * width), w = static_cast<std::size_t>(width);
  return {rows,
          width,
          residual,
          normals<T>(seed, 0, count),
          normals<T>(seed, 1, count),
          normals<T>(seed, 2, w),
          normals<T>(seed, 3, count),
          normals<T>(seed, 4, count)};
}

struct Results {
  std::vector<double> sum, y, inverse;
};

// What the forward should give; h is rounded to T, as the kernel's header says.
template <class T>
Results exact_forward(const Case<T>& c) {
  Results r;
  for (std::int64_t row = 0; row < c.rows; ++row) {
    double squares = 0;
    for (std::int64_t i = 0; i < c.width; ++i) {
      const auto at = static_cast<std::size_t>(row * c.width + i);
      const double h =
          c.residual ? value_of(rounded_to<T>(value_of(c.x[at]) + value_of(c.other[at]))) : value_of(c.x[at]);
      r.sum.push_back(h);
      squares += h * h;
    }
    r.inverse.push_back(1 / std::sqrt(squares / static_cast<double>(c.width) + kEpsilon));
    for (std::int64_t i = 0; i < c.width; ++i)
      r.y.push_back(value_of(c.gain[static_cast<std::size_t>(i)]) *
                    r.sum[static_cast<std::size_t>(row * c.width + i)] * r.inverse.back());
  }
  return r;
}

double chain(std::int64_t width) { return static_cast<double>(width) / 256 + 8 + 16; }

template <class T>
void check_backward(const Case<T>& c, const Results& exact, Array<T>& sum, Array<float>& inverse) {
  Array<T> gain(c.gain), grad_y(c.grad_y), grad_sum(c.grad_sum), grad_x(c.x.size());
  Array<float> grad_gain(std::vector<float>(c.gain.size(), 0.5f));
  Array<float> partial(static_cast<std::size_t>(rms_norm_partial_rows(c.rows) * c.width));
  rms_norm_backward<T>({sum.data(), gain.data(), grad_y.data(), c.residual ? grad_sum.data() : nullptr,
                        inverse.data(), grad_x.data(), grad_gain.data(), partial.data(), c.rows, c.width},
                       nullptr);
  finish_device();
  std::vector<double> gains(c.gain.size(), 0.5), sizes(c.gain.size(), 0.5);
  std::size_t wrong = 0;
  for (std::int64_t row = 0; row < c.rows; ++row) {
    double dot = 0, dot_size = 0;
    const double inv = exact.inverse[static_cast<std::size_t>(row)];
    const auto at = [&](std::int64_t i) { return static_cast<std::size_t>(row * c.width + i); };
    for (std::int64_t i = 0; i < c.width; ++i) {
      const auto w = static_cast<std::size_t>(i);
      const double normalised = exact.sum[at(i)] * inv, term = value_of(c.grad_y[at(i)]) * normalised;
      dot += term * value_of(c.gain[w]);
      dot_size += std::fabs(term * value_of(c.gain[w]));
      gains[w] += term;
      sizes[w] += std::fabs(term);
    }
    for (std::int64_t i = 0; i < c.width; ++i) {
      const double width = static_cast<double>(c.width), normalised = exact.sum[at(i)] * inv;
      const double direct = value_of(c.grad_y[at(i)]) * value_of(c.gain[static_cast<std::size_t>(i)]);
      const double rest = c.residual ? value_of(c.grad_sum[at(i)]) : 0;
      const double expected = rest + inv * (direct - normalised * dot / width);
      const double size =
          std::fabs(rest) + inv * (std::fabs(direct) + std::fabs(normalised) * dot_size / width);
      wrong +=
          !within(value_of(grad_x[at(i)]), expected,
                  tolerance(kEpsFloat, chain(c.width), size) + tolerance(kEps<T>, 1, std::fabs(expected)));
    }
  }
  EXPECT_EQ(wrong, 0u) << "gradients of " << c.rows << " x " << c.width;
  for (std::size_t w = 0; w < gains.size(); ++w)
    EXPECT_TRUE(within(grad_gain[w], gains[w],
                       tolerance(kEpsFloat, chain(c.width) + static_cast<double>(c.rows), sizes[w])))
        << "gain " << w << ": " << grad_gain[w] << ", not " << gains[w];
}

template <class T>
void check_case(const Case<T>& c) {
  const Results exact = exact_forward(c);
  Array<T> x(c.x), other(c.other), gain(c.gain), sum(c.x.size()), y(c.x.size());
  Array<float> inverse(static_cast<std::size_t>(c.rows));
  rms_norm_forward<T>(
      {x.data(), c.residual ? other.data() : nullptr, gain.data(), c.residual ? sum.data() : nullptr,
       y.data(), inverse.data(), c.rows, c.width, kEpsilon},
      nullptr);
  finish_device();
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < exact.y.size(); ++i) {
    wrong += c.residual && value_of(sum[i]) != exact.sum[i];
    const double size = std::fabs(exact.y[i]);
    wrong += !within(value_of(y[i]), exact.y[i],
                     tolerance(kEpsFloat, chain(c.width), size) + tolerance(kEps<T>, 2, size) + 1e-40);
  }
  EXPECT_EQ(wrong, 0u) << c.rows << " x " << c.width;
  check_backward(c, exact, c.residual ? sum : x, inverse);
}

TYPED_TEST(RmsNorm, AgreesWithFloat64OverOddShapes) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    set_order(seed);
    for (const std::int64_t width : {1, 7, 8, 24, 257, 576, 1031}) {
      check_case(make_case<TypeParam>(seed, 1, width, true));
      check_case(make_case<TypeParam>(seed, is_slow() ? 3 : 5, width, seed % 2 == 0));
    }
    if (!is_slow()) check_case(make_case<TypeParam>(seed, 2, 8192, true));
  }
}

// More rows than partial sums: one block takes several rows, so its reductions follow each other.
TYPED_TEST(RmsNorm, BlocksThatTakeSeveralRowsAddUpTheirGains) {
  set_order(3);
  if (!is_slow()) check_case(make_case<TypeParam>(3, 2 * rms_norm_partial_rows(1 << 20) + 5, 40, true));
  check_case(make_case<TypeParam>(4, rms_norm_partial_rows(1 << 20) + 2, 9, false));
}

}  // namespace
}  // namespace lethe::kernels::tests
