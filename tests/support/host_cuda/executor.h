// Runs the blocks of a kernel on the host: every device thread is a fiber, barriers and shuffles are real,
// and which thread runs next is drawn from a seed. One block at a time, in a drawn order. A kernel that
// breaks CUDA's rules throws host_cuda::Error: a barrier not reached by all threads or at two places, a
// shuffle whose mask or operation differs between its lanes, threads that wait for ever.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>

namespace lethe::host_cuda {

class Error : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

struct Dim {
  unsigned x = 1, y = 1, z = 1;
};

// Launches after this draw their orders from `seed`.
void set_seed(std::uint64_t seed);

// Returns when all blocks have run. `body` is the kernel with its arguments.
void run(unsigned grid, unsigned block, const std::function<void()>& body);

// Of the device thread that asks.
[[nodiscard]] const Dim& thread_index() noexcept;
[[nodiscard]] const Dim& block_index() noexcept;
[[nodiscard]] const Dim& block_dim() noexcept;
[[nodiscard]] const Dim& grid_dim() noexcept;

struct Place {
  const char* file;
  int line;
};

void sync_block(Place place);
void sync_warp(unsigned mask, Place place);

enum class Shuffle : std::uint8_t { none, from_lane, lane_xor, down };
// `bits` of the lane that `operand` says; all ones from a lane outside the mask.
[[nodiscard]] std::uint64_t shuffle(Shuffle operation, unsigned mask, std::uint64_t bits, int operand,
                                    Place place);

// Memory of this block for this place of the source, exactly `bytes` long, filled with 0xff at first.
[[nodiscard]] void* shared(std::size_t bytes, const char* function, int line);

}  // namespace lethe::host_cuda
