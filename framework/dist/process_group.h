// Ranks that work together, and the data plane: six primitives over spans (never tensors), and split. All
// ranks of a group call the same collectives in the same order. Implementations: single, mpi, simulated (many
// ranks in one process); nccl in its own issue. Collectives are blocking on the calling thread: whoever wants
// overlap enqueues the call on a dist::Stream.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>

namespace lethe::dist {

enum class DType : std::uint8_t { f32, f64, bf16, i64, u8 };
[[nodiscard]] std::size_t size_of(DType dtype) noexcept;

enum class Reduce : std::uint8_t { sum, min, max };

struct Span {  // `count` elements at `data`, owned by somebody else
  void* data = nullptr;
  std::size_t count = 0;
  DType dtype = DType::f32;
};
struct ConstSpan {
  ConstSpan() = default;
  ConstSpan(const void* d, std::size_t n, DType t) : data(d), count(n), dtype(t) {}
  ConstSpan(const Span& s) : data(s.data), count(s.count), dtype(s.dtype) {}  // NOLINT: as std::span
  const void* data = nullptr;
  std::size_t count = 0;
  DType dtype = DType::f32;
};

template <class T>
[[nodiscard]] constexpr DType dtype_of() {
  if constexpr (std::is_same_v<T, float>)
    return DType::f32;
  else if constexpr (std::is_same_v<T, double>)
    return DType::f64;
  else if constexpr (std::is_same_v<T, std::int64_t>)
    return DType::i64;
  else {
    static_assert(sizeof(T) == 1);
    return DType::u8;
  }
}
template <class T>
[[nodiscard]] Span span_of(std::span<T> values) {
  return {values.data(), values.size(), dtype_of<std::remove_const_t<T>>()};
}

class ProcessGroup {
 public:
  virtual ~ProcessGroup() = default;
  virtual std::string_view backend() const noexcept = 0;
  virtual int rank() const noexcept = 0;
  virtual int size() const noexcept = 0;

  // out.count = size() * in.count: rank r's `in` lies at out[r * in.count]. `in` may be that place itself
  // (in-place).
  virtual void all_gather(ConstSpan in, Span out) = 0;
  // in.count = size() * out.count: out = sum over ranks of in[rank() * out.count ...], added in rank order.
  // bf16 is added in float32 and rounded once. `out` may be this rank's place in `in`.
  virtual void reduce_scatter(ConstSpan in, Span out) = 0;
  // in.count = out.count = size() * piece: out[r * piece ...] = rank r's in[rank() * piece ...]. The buffers
  // lie apart. For sums in an order of the caller's own.
  virtual void all_to_all(ConstSpan in, Span out) = 0;
  // Every rank gets the same bits. Sums are added in rank order.
  virtual void all_reduce(Span values, Reduce op = Reduce::sum) = 0;
  virtual void broadcast(Span values, int root) = 0;
  virtual void barrier() = 0;
  // Ranks of one color form a group, ordered by key, then by rank. Collective over this group.
  virtual std::unique_ptr<ProcessGroup> split(int color, int key) = 0;

  // Whether the group has memory that its own collectives move better than the caller's; the same on every
  // rank.
  virtual bool gives_memory() const noexcept { return false; }
  // `bytes` of it, until the last owner lets go, which waits for all that is queued on the device. For
  // buffers that live as long as what they are for: on every rank or on none. Null: the device has no room
  // for it, or the group gives none. Errors: `device.cuda`.
  virtual std::shared_ptr<void> allocate([[maybe_unused]] std::size_t bytes) { return nullptr; }
};

[[nodiscard]] std::unique_ptr<ProcessGroup> make_single_group();

}  // namespace lethe::dist
