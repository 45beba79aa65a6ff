#include "framework/base/memory_counter.h"

#include <exception>
#include <utility>

namespace lethe::base {
namespace {

thread_local MemoryCountersPtr current_counters;
thread_local Memory current_category = Memory::other;
thread_local MemoryScope::Failure failure;
thread_local bool is_unwinding = false;  // an inner scope has noted this exception

void note_failure() noexcept {
  if (std::exchange(is_unwinding, true)) return;
  failure.category = current_category;
  for (std::size_t c = 0; c < kMemoryCategories; ++c)
    failure.held[c] = current_counters ? current_counters->now(static_cast<Memory>(c)) : 0;
}

}  // namespace

std::string_view name_of(Memory category) {
  constexpr std::array<std::string_view, kMemoryCategories> kNames = {
      "weights", "moments", "gradients", "gathered", "activations", "offloaded", "checkpoint", "other"};
  return kNames[static_cast<std::size_t>(category)];
}

void MemoryCounters::Counter::add(std::int64_t bytes) noexcept {
  const std::int64_t value = now.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  std::int64_t highest = peak.load(std::memory_order_relaxed);
  while (value > highest && !peak.compare_exchange_weak(highest, value, std::memory_order_relaxed)) {
  }
}

void MemoryCounters::add(Memory category, std::int64_t bytes) noexcept {
  counters_[static_cast<std::size_t>(category)].add(bytes);
  all_.add(bytes);
}

MemoryScope::MemoryScope(Memory category) : MemoryScope(current_counters, category) {}

MemoryScope::MemoryScope(MemoryCountersPtr counters, Memory category)
    : previous_counters_(std::exchange(current_counters, std::move(counters))),
      previous_category_(std::exchange(current_category, category)),
      exceptions_at_start_(std::uncaught_exceptions()) {
  is_unwinding = false;
}

MemoryScope::~MemoryScope() {
  if (std::uncaught_exceptions() > exceptions_at_start_) note_failure();
  current_counters = std::move(previous_counters_);
  current_category = previous_category_;
}

const MemoryScope::Failure& MemoryScope::last_failure() noexcept { return failure; }

std::optional<MemoryScope::Failure> MemoryScope::noted() noexcept {
  return is_unwinding ? std::optional(failure) : std::nullopt;
}

void MemoryScope::take_over(const Failure& other) noexcept {
  if (!std::exchange(is_unwinding, true)) failure = other;
}

const MemoryCountersPtr& MemoryScope::counters() noexcept { return current_counters; }
Memory MemoryScope::category() noexcept { return current_category; }

}  // namespace lethe::base
