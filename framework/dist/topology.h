// Which rank does which part.
#pragma once

#include <algorithm>
#include <cstddef>

namespace lethe::dist {

struct Slice {  // elements first … first + count - 1
  std::size_t first = 0;
  std::size_t count = 0;
  std::size_t end() const noexcept { return first + count; }
  friend bool operator==(const Slice&, const Slice&) = default;
};

// Contiguous slices in rank order whose sizes differ by at most one; the longer ones come first.
[[nodiscard]] constexpr Slice even_slice(std::size_t count, int rank, int size) noexcept {
  const auto r = static_cast<std::size_t>(rank), n = static_cast<std::size_t>(size);
  const std::size_t share = count / n, longer = count % n;
  return {r * share + std::min(r, longer), share + (r < longer ? 1 : 0)};
}

}  // namespace lethe::dist
