#include "framework/base/random.h"

#include <cmath>
#include <numbers>

namespace lethe::base {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;

double unit_interval(std::uint32_t word) noexcept { return (word + 0.5) * 0x1p-32; }

template <class T>
void fill_signs(const StreamKey& key, std::uint64_t first, std::span<T> out) noexcept {
  std::size_t i = 0;
  while (i < out.size()) {
    const std::uint64_t element = first + i;
    const PhiloxWords words = random_words(key, element >> 7);
    for (std::uint64_t bit = element & 127; bit < 128 && i < out.size(); ++bit, ++i) {
      out[i] = (words[bit >> 5] >> (bit & 31)) & 1 ? T(-1) : T(1);
    }
  }
}

}  // namespace

PhiloxWords philox4x32_10(PhiloxWords c, std::array<std::uint32_t, 2> key) noexcept {
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t p0 = std::uint64_t{kMultiplier0} * c[0];
    const std::uint64_t p1 = std::uint64_t{kMultiplier1} * c[2];
    c = {static_cast<std::uint32_t>(p1 >> 32) ^ c[1] ^ key[0], static_cast<std::uint32_t>(p1),
         static_cast<std::uint32_t>(p0 >> 32) ^ c[3] ^ key[1], static_cast<std::uint32_t>(p0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return c;
}

PhiloxWords random_words(const StreamKey& key, std::uint64_t block) noexcept {
  const std::uint32_t last = (key.refresh << 8) | static_cast<std::uint32_t>(key.stream);
  return philox4x32_10(
      {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(block >> 32), key.draw, last},
      {static_cast<std::uint32_t>(key.seed), static_cast<std::uint32_t>(key.seed >> 32)});
}

void random_words(const StreamKey& key, std::uint64_t first, std::span<std::uint32_t> out) noexcept {
  std::size_t i = 0;
  while (i < out.size()) {
    const std::uint64_t element = first + i;
    const PhiloxWords words = random_words(key, element >> 2);
    for (std::uint64_t word = element & 3; word < 4 && i < out.size(); ++word, ++i) out[i] = words[word];
  }
}

double uniform(const StreamKey& key, std::uint64_t block) noexcept {
  return unit_interval(random_words(key, block)[0]);
}

void rademacher(const StreamKey& key, std::uint64_t first, std::span<float> out) noexcept {
  fill_signs(key, first, out);
}
void rademacher(const StreamKey& key, std::uint64_t first, std::span<double> out) noexcept {
  fill_signs(key, first, out);
}

double gaussian(const StreamKey& key, std::uint64_t element) noexcept {
  const PhiloxWords words = random_words(key, element >> 2);
  const std::size_t pair = element & 2;
  const double radius = std::sqrt(-2.0 * std::log(unit_interval(words[pair])));
  const double angle = 2.0 * std::numbers::pi * (words[pair + 1] * 0x1p-32);
  return radius * ((element & 1) == 0 ? std::cos(angle) : std::sin(angle));
}

}  // namespace lethe::base
