// What the header of ProcessGroup promises about spans, checked once for every backend.
#pragma once

#include <cstddef>

#include "framework/dist/process_group.h"

namespace lethe::dist {

// Errors: `internal`, for these are bugs of the caller. Counts, dtypes, and that buffers overlap only where
// allowed.
void check_all_gather(const ConstSpan& in, const Span& out, int rank, int size);
void check_reduce_scatter(const ConstSpan& in, const Span& out, int rank, int size);
void check_all_to_all(const ConstSpan& in, const Span& out, int size);
void check_root(int root, int size);

[[nodiscard]] inline std::size_t bytes_of(const ConstSpan& span) noexcept {
  return span.count * size_of(span.dtype);
}
[[nodiscard]] inline std::byte* at_byte(void* data, std::size_t offset) noexcept {
  return static_cast<std::byte*>(data) + offset;
}
[[nodiscard]] inline const std::byte* at_byte(const void* data, std::size_t offset) noexcept {
  return static_cast<const std::byte*>(data) + offset;
}
// Copies unless source and target are the same place (the in-place cases).
void copy_bytes(void* to, const void* from, std::size_t bytes);

}  // namespace lethe::dist
