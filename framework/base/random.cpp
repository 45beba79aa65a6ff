#include "framework/base/random.h"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace lethe::base {
namespace {

constexpr std::uint32_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;

double unit_interval(std::uint32_t word) noexcept { return (word + 0.5) * 0x1p-32; }

constexpr std::size_t kSignsOfABlock = 128;

// The eight signs of every byte, its lowest bit first.
template <class T>
constexpr std::array<std::array<T, 8>, 256> kSignsOfAByte = [] {
  std::array<std::array<T, 8>, 256> table{};
  for (unsigned byte = 0; byte < 256; ++byte)
    for (unsigned bit = 0; bit < 8; ++bit) table[byte][bit] = (byte >> bit) & 1 ? T(-1) : T(1);
  return table;
}();

template <class T>
void fill_block(const PhiloxWords& words, T* out) noexcept {
  for (const std::uint32_t word : words)
    for (unsigned shift = 0; shift < 32; shift += 8, out += 8)
      std::ranges::copy(kSignsOfAByte<T>[(word >> shift) & 255], out);
}

template <class T>
void fill_signs(const StreamKey& key, std::uint64_t first, std::span<T> out) noexcept {
  std::size_t i = 0;
  while (i < out.size()) {
    const std::uint64_t element = first + i, skipped = element % kSignsOfABlock;
    const PhiloxWords words = random_words(key, element / kSignsOfABlock);
    if (skipped == 0 && out.size() - i >= kSignsOfABlock) {
      fill_block(words, out.data() + i);
      i += kSignsOfABlock;
      continue;
    }
    std::array<T, kSignsOfABlock> block;
    fill_block(words, block.data());
    const std::size_t count = std::min(kSignsOfABlock - skipped, out.size() - i);
    std::copy_n(block.data() + skipped, count, out.data() + i);
    i += count;
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
