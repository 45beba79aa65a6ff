// AdamW and perturb.
#include "kernels/adamw.h"
#include "kernels/perturb.h"
#include "tests/kernels/cases.h"

namespace lethe::kernels::tests {
namespace {

template <class T>
class Adamw : public TypedDeviceTest<T> {};
TYPED_TEST_SUITE(Adamw, ElementTypes);

template <class T>
struct Shard {
  std::vector<float> w, m, v;
  std::vector<T> g;
};

template <class T>
Shard<T> make_shard(std::uint64_t seed, std::size_t count) {
  Shard<T> s{normals<float>(seed, 0, count), normals<float>(seed, 1, count, 0.01),
             normals<float>(seed, 2, count, 0.01), normals<T>(seed, 3, count)};
  for (float& v : s.v) v *= v;
  return s;
}

template <class T>
void check_adamw(std::uint64_t seed, std::size_t count, const AdamwStep& step) {
  const Shard<T> before = make_shard<T>(seed, count);
  Array<float> w(before.w), m(before.m), v(before.v);
  Array<T> g(before.g);
  Array<Bf16> rounded(count);
  Bf16* const wanted = seed % 2 == 0 ? rounded.data() : nullptr;
  adamw<T>({w.data(), g.data(), m.data(), v.data(), wanted, static_cast<std::int64_t>(count)}, step, nullptr);
  finish_device();
  const double b1 = static_cast<float>(step.beta1), b2 = static_cast<float>(step.beta2);
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const double gradient = value_of(before.g[i]) * static_cast<float>(step.gradient_scale);
    const double first = b1 * before.m[i] + (1 - b1) * gradient;
    const double second = b2 * before.v[i] + (1 - b2) * gradient * gradient;
    const double moved = step.learning_rate / (1 - std::pow(step.beta1, step.step)) * first /
                         (std::sqrt(second / (1 - std::pow(step.beta2, step.step))) + step.epsilon);
    const double kept = before.w[i] * (1 - step.learning_rate * step.weight_decay);
    const double m_size = std::fabs(b1 * before.m[i]) + std::fabs((1 - b1) * gradient);
    wrong += !within(m[i], first, tolerance(kEpsFloat, 3, m_size));
    wrong += !within(v[i], second, tolerance(kEpsFloat, 4, second));
    wrong +=
        !within(w[i], kept - moved,
                tolerance(kEpsFloat, 3, std::fabs(kept)) +
                    tolerance(kEpsFloat, 12, std::fabs(moved) * m_size / std::max(std::fabs(first), 1e-30)));
    if (wanted) wrong += value_of(rounded[i]) != value_of(rounded_to<Bf16>(w[i]));
  }
  EXPECT_EQ(wrong, 0u) << count << " elements, step " << step.step;
}

TYPED_TEST(Adamw, AgreesWithFloat64AtAnyLength) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    set_order(seed);
    for (const std::size_t count : {1, 7, 8, 2049, 9001}) {
      check_adamw<TypeParam>(seed, count, {1e-3, 0.9, 0.999, 1e-8, 0.1, 1, 1.0});
      check_adamw<TypeParam>(seed, count, {1e-5, 0.9, 0.95, 1e-6, 0.0, 1000, 0.25});
    }
  }
}

class Perturb : public DeviceTest {};

template <class In, class Out>
void check_perturb(std::uint64_t seed, std::size_t count, std::uint64_t first, Noise noise) {
  const auto before = normals<In>(seed, 9, count);
  Array<In> weights(before);
  Array<Out> out(count);
  const auto size = static_cast<std::int64_t>(count);
  const float step = 0.01f;
  perturb(weights.data(), out.data(), size, first, {seed << 33 | seed, noise, 5, 77}, step, nullptr);
  finish_device();
  const base::StreamKey key{
      .seed = seed << 33 | seed, .stream = static_cast<base::Stream>(noise), .draw = 5, .refresh = 77};
  std::vector<float> z(count);
  base::rademacher(key, first, std::span(z));
  std::size_t wrong = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (noise == Noise::gaussian) z[i] = static_cast<float>(base::gaussian(key, first + i));
    const float sum = static_cast<float>(value_of(before[i])) + step * z[i];
    wrong += value_of(out[i]) != value_of(rounded_to<Out>(sum));
    wrong += value_of(weights[i]) != value_of(before[i]);  // the master is only read
  }
  EXPECT_EQ(wrong, 0u) << count << " elements from " << first;
}

// Bit for bit: scores must not depend on the device.
TEST_F(Perturb, GivesTheNoiseOfBaseRandomBitForBit) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    set_order(seed);
    for (const Noise noise : {Noise::rademacher, Noise::gaussian}) {
      check_perturb<float, float>(seed, 1, (std::uint64_t{1} << 40) + seed, noise);
      check_perturb<float, Bf16>(seed, 4099, 127 + seed, noise);
      check_perturb<Bf16, float>(seed, 1000, 3, noise);
      check_perturb<Bf16, Bf16>(seed, 2048, 0, noise);
    }
  }
}

// The cut into shards does not show.
TEST_F(Perturb, DoesNotDependOnWhereTheShardBegins) {
  const auto before = normals<float>(1, 0, 1000);
  Array<float> weights(before), whole(1000), parts(1000);
  const NoiseKey key{42, Noise::rademacher, 0, 0};
  perturb(weights.data(), whole.data(), 1000, 500, key, 0.5f, nullptr);
  perturb(weights.data(), parts.data(), 333, 500, key, 0.5f, nullptr);
  perturb(weights.data() + 333, parts.data() + 333, 667, 833, key, 0.5f, nullptr);
  finish_device();
  for (std::size_t i = 0; i < 1000; ++i) EXPECT_EQ(whole[i], parts[i]);
}

}  // namespace
}  // namespace lethe::kernels::tests
