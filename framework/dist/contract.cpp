#include "framework/dist/contract.h"

#include <cstring>

#include "framework/base/error.h"

namespace lethe::dist {
namespace {

// `part` may be this rank's place in `whole`, or lie outside it.
void check_overlap(const ConstSpan& part, const ConstSpan& whole, int rank) {
  const std::size_t part_bytes = bytes_of(part), whole_bytes = bytes_of(whole);
  if (part_bytes == 0) return;
  const auto *p = at_byte(part.data, 0), *w = at_byte(whole.data, 0);
  const bool own_place = p == w + static_cast<std::size_t>(rank) * part_bytes;
  const bool apart = p + part_bytes <= w || w + whole_bytes <= p;
  LETHE_CHECK(own_place || apart, "buffers overlap, but not at rank {}'s own place", rank);
}

void check_part(const ConstSpan& part, const ConstSpan& whole, int rank, int size) {
  LETHE_CHECK(part.dtype == whole.dtype, "the two buffers of a collective differ in dtype");
  LETHE_CHECK(whole.count == part.count * static_cast<std::size_t>(size),
              "{} elements are not {} ranks times {}", whole.count, size, part.count);
  check_overlap(part, whole, rank);
}

}  // namespace

std::size_t size_of(DType dtype) noexcept {
  switch (dtype) {
    case DType::f32:
      return 4;
    case DType::f64:
      return 8;
    case DType::bf16:
      return 2;
    case DType::i64:
      return 8;
    case DType::u8:
      return 1;
  }
  return 0;
}

void check_all_gather(const ConstSpan& in, const Span& out, int rank, int size) {
  check_part(in, out, rank, size);
}
void check_reduce_scatter(const ConstSpan& in, const Span& out, int rank, int size) {
  check_part(out, in, rank, size);
}
void check_all_to_all(const ConstSpan& in, const Span& out, int size) {
  LETHE_CHECK(in.dtype == out.dtype && in.count == out.count,
              "the two buffers of an exchange differ: {} and {} elements", in.count, out.count);
  LETHE_CHECK(in.count % static_cast<std::size_t>(size) == 0, "{} elements are not {} equal pieces", in.count,
              size);
  const auto *i = at_byte(in.data, 0), *o = at_byte(out.data, 0);
  const std::size_t bytes = bytes_of(in);
  LETHE_CHECK(bytes == 0 || i + bytes <= o || o + bytes <= i, "the two buffers of an exchange overlap");
}
void check_root(int root, int size) {
  LETHE_CHECK(root >= 0 && root < size, "root {} is not a rank of a group of {}", root, size);
}

void copy_bytes(void* to, const void* from, std::size_t bytes) {
  if (bytes != 0 && to != from) std::memcpy(to, from, bytes);
}

}  // namespace lethe::dist
