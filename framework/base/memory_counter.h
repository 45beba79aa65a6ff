// Bytes of tensors by what they are for, counted where they are allocated. Whoever allocates says what for in
// a scope; the counting allocator (sharding/counting_allocator.h) reads the scope of its thread.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace lethe::base {

enum class Memory : std::uint8_t {
  weights,      // masters
  moments,      // of the optimizer
  gradients,    // parts, buffers on their way out, sums of leaves
  gathered,     // buffers that blocks are seated on
  activations,  // what a pass allocates: kept for the backward, and temporary
  offloaded,    // block inputs in the host's memory
  checkpoint,   // copies that are being written
  other
};
inline constexpr std::size_t kMemoryCategories = 8;
[[nodiscard]] std::string_view name_of(Memory category);

// Of one rank. Thread-safe.
class MemoryCounters {
 public:
  void add(Memory category, std::int64_t bytes) noexcept;  // negative: given back
  std::int64_t now(Memory category) const noexcept { return of(category).now.load(); }
  std::int64_t peak(Memory category) const noexcept { return of(category).peak.load(); }
  std::int64_t peak_of_all() const noexcept { return all_.peak.load(); }

 private:
  struct Counter {
    std::atomic<std::int64_t> now{0}, peak{0};
    void add(std::int64_t bytes) noexcept;
  };
  const Counter& of(Memory category) const { return counters_[static_cast<std::size_t>(category)]; }
  std::array<Counter, kMemoryCategories> counters_;
  Counter all_;
};
// Shared, because an allocation may outlive whoever counted it.
using MemoryCountersPtr = std::shared_ptr<MemoryCounters>;

// While it lives, what this thread allocates counts as `category`. Scopes nest.
class MemoryScope {
 public:
  explicit MemoryScope(Memory category);                     // of the counters that this thread already has
  MemoryScope(MemoryCountersPtr counters, Memory category);  // for the work of another thread: hand them over
  ~MemoryScope();
  MemoryScope(const MemoryScope&) = delete;
  MemoryScope& operator=(const MemoryScope&) = delete;

  // What the innermost scope that an exception of this thread left last was allocating for: what memory was
  // short of, where the exception says that it was.
  struct Failure {
    Memory category = Memory::other;
    std::array<std::int64_t, kMemoryCategories> held{};  // by category, at that moment
  };
  static const Failure& last_failure() noexcept;
  // For an exception that goes on in another thread: what a scope of this thread has noted of it, if one has;
  // there, before it is thrown again, so that the scopes that it leaves then do not note themselves.
  static std::optional<Failure> noted() noexcept;
  static void take_over(const Failure& failure) noexcept;

  static const MemoryCountersPtr& counters() noexcept;  // of this thread; null: nothing is counted
  static Memory category() noexcept;

 private:
  MemoryCountersPtr previous_counters_;
  Memory previous_category_;
  int exceptions_at_start_;
};

}  // namespace lethe::base
