// The order in which lanes run is drawn from it: splitmix64, so that a seed names an order on every machine.
#pragma once

#include <bit>
#include <cstdint>

namespace lethe::host_cuda {

class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() {  // splitmix64
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
  unsigned below(unsigned n) { return static_cast<unsigned>((next() >> 33) % n); }
  int set_bit(unsigned mask) {  // one of the mask's
    for (unsigned skip = below(static_cast<unsigned>(std::popcount(mask))); skip > 0; --skip)
      mask &= mask - 1;
    return std::countr_zero(mask);
  }

 private:
  std::uint64_t state_;
};

}  // namespace lethe::host_cuda
