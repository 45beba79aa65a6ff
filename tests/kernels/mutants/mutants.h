// Two small kernels in the style of kernels/, each with a list of bugs that can be built into it: what the
// emulator and the checkers must find. Bug::none must pass everywhere.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace lethe::kernels::mutants {

enum class Bug : std::uint8_t {
  none,
  // row_sums
  missing_barrier_before_read,
  scratch_reused_too_early,
  tail_off_by_one,
  shared_overflow,
  wrong_mask,
  full_mask_in_divergent_branch,
  divergent_barrier,
  early_return_before_barrier,
  uninitialised_shared,
  non_atomic_update_across_blocks,
  misaligned_vector_load,
  // tiles
  missing_syncwarp,
  tile_overwritten_too_early,
  tile_read_too_early,
  shuffle_from_outside_the_mask,
};

// Sum and sum of squares of each row, and the sum of everything in total[0]. values [rows, width] of small
// integers, so that every order of additions is exact.
void row_sums(Bug bug, const float* values, std::int64_t rows, std::int64_t width, float* sums,
              float* squares, float* total);

// out[i] = in[i] + in[mirrored], mirrored within each tile of 128, where neighbouring pairs were swapped
// before.
void mirrored_tiles(Bug bug, const float* in, std::int64_t tiles, float* out);

}  // namespace lethe::kernels::mutants
