// float32 to bf16 with the right mean: to one of the two neighbours, to the upper one as often as the value
// lies near it. A small change is then kept in one of many roundings instead of being lost in each.
#pragma once

#include <c10/util/BFloat16.h>

#include <bit>
#include <cstdint>

namespace lethe::ops {

// `random` uniform in 0 … 65535: the mean over it is `value` itself, subnormals included. Infinity and NaN
// stay.
[[nodiscard]] inline c10::BFloat16 round_stochastically(float value, std::uint32_t random) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  const bool finite = (bits & 0x7F800000u) != 0x7F800000u;
  // The magnitude's last 16 bits carry into the kept ones with probability bits / 65536.
  return finite ? c10::BFloat16(static_cast<std::uint16_t>((bits + random) >> 16), c10::BFloat16::from_bits())
                : c10::BFloat16(value);
}

}  // namespace lethe::ops
