// The only randomness in lethe: value = f(seed, stream, index), by Philox4x32-10 (Salmon et al., SC 2011).
// Nothing is carried, saved or forked, so results do not depend on the number of ranks or on what ran before.
//
// Counter layout: (block low, block high, draw, (refresh << 8) | stream); key = (seed low, seed high).
#pragma once

#include <array>
#include <cstdint>
#include <span>

namespace lethe::base {

using PhiloxWords = std::array<std::uint32_t, 4>;

[[nodiscard]] PhiloxWords philox4x32_10(PhiloxWords counter, std::array<std::uint32_t, 2> key) noexcept;

enum class Stream : std::uint8_t {
  rademacher = 1,
  gaussian = 2,
  sampling = 3,
  initial_weights = 4,
  data_order = 5,
  rounding = 6,
  alternates = 16,  // which other answer a sample gets
  steering = 17
};

// Names one family of values. `draw` and `refresh` are the caller's coordinates (which perturbation, which
// re-scoring).
struct StreamKey {
  std::uint64_t seed = 0;
  Stream stream = Stream::sampling;
  std::uint32_t draw = 0;
  std::uint32_t refresh = 0;  // below 2^24
};

[[nodiscard]] PhiloxWords random_words(const StreamKey& key, std::uint64_t block) noexcept;

// One word for each of elements first, first+1, …: word `G & 3` of block `G >> 2`.
void random_words(const StreamKey& key, std::uint64_t first, std::span<std::uint32_t> out) noexcept;

// (word + 0.5) 2^-32, in (0, 1), from word 0 of the block.
[[nodiscard]] double uniform(const StreamKey& key, std::uint64_t block) noexcept;

// Signs of elements first, first+1, …: bit `G & 31` of word `(G >> 5) & 3` of block `G >> 7`; set is -1,
// clear is +1.
void rademacher(const StreamKey& key, std::uint64_t first, std::span<float> out) noexcept;
void rademacher(const StreamKey& key, std::uint64_t first, std::span<double> out) noexcept;

// Standard normals by Box-Muller in float64: words (0,1) of block `G >> 2` give elements G&3 = 0 (cos), 1
// (sin), words (2,3) give 2 and 3.
[[nodiscard]] double gaussian(const StreamKey& key, std::uint64_t element) noexcept;

}  // namespace lethe::base
