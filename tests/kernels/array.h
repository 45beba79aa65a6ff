// Memory that kernels see: on the host exactly as long as asked for (the address checker watches its ends;
// without it, a guard of 0xff bytes does), on a GPU managed memory. The same tests run on both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "kernels/kernels.h"

namespace lethe::kernels::tests {

// Filled with 0xff, so that what nobody wrote is NaN.
[[nodiscard]] void* allocate(std::size_t bytes);
void deallocate(void* data, std::size_t bytes);  // fails the test if the guard was written
void finish_device();                            // waits until the launches are done
[[nodiscard]] bool has_device();
// The race checker is a tenth to a fiftieth as fast, and remembers every thread of every block.
[[nodiscard]] bool is_slow();
void set_order(std::uint64_t seed);  // of the emulator's threads; nothing on a GPU

template <class T>
class Array {
 public:
  explicit Array(std::size_t count) : count_(count), data_(static_cast<T*>(allocate(count * sizeof(T)))) {}
  explicit Array(const std::vector<T>& values) : Array(values.size()) {
    for (std::size_t i = 0; i < count_; ++i) data_[i] = values[i];
  }
  ~Array() { deallocate(data_, count_ * sizeof(T)); }
  Array(const Array&) = delete;
  Array& operator=(const Array&) = delete;

  T* data() { return data_; }
  std::size_t size() const { return count_; }
  T& operator[](std::size_t i) { return data_[i]; }
  std::span<T> values() { return {data_, count_}; }

 private:
  std::size_t count_;
  T* data_;
};

}  // namespace lethe::kernels::tests
