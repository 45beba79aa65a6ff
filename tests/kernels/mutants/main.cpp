// kernel_mutants BUG SEEDS: runs the kernel with that bug once for each seed and prints "right", "wrong" or
// "error: …", one line a run. A checker that finds something ends the program in its own way.
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "tests/kernels/mutants/mutants.h"
#include "tests/support/host_cuda/executor.h"

namespace lethe::kernels::mutants {
namespace {

// Exactly as long as asked for under the address checker, followed by NaN without it.
class Row {
 public:
  explicit Row(std::size_t count)
      : data_(static_cast<float*>(std::malloc((count + kGuard) * sizeof(float)))) {
    std::memset(data_, 0xff, (count + kGuard) * sizeof(float));
  }
  ~Row() { std::free(data_); }
  Row(const Row&) = delete;
  Row& operator=(const Row&) = delete;
  float* data() { return data_; }
  float& operator[](std::size_t i) { return data_[i]; }

 private:
#ifdef __SANITIZE_ADDRESS__
  static constexpr std::size_t kGuard = 0;
#else
  static constexpr std::size_t kGuard = 16;
#endif
  float* data_;
};

bool row_sums_right(Bug bug) {
  constexpr std::size_t kRows = 4, kWidth = 131;  // odd: rows are not aligned
  Row values(kRows * kWidth), sums(kRows), squares(kRows), total(1);
  total[0] = 0;
  float expected_sum[kRows] = {}, expected_squares[kRows] = {}, expected_total = 0;
  for (std::size_t i = 0; i < kRows * kWidth; ++i) {
    values[i] = static_cast<float>(1 + i * 7 % 5);
    expected_sum[i / kWidth] += values[i];
    expected_squares[i / kWidth] += values[i] * values[i];
    expected_total += values[i];
  }
  row_sums(bug, values.data(), kRows, kWidth, sums.data(), squares.data(), total.data());
  bool right = total[0] == expected_total;
  for (std::size_t r = 0; r < kRows; ++r)
    right = right && sums[r] == expected_sum[r] && squares[r] == expected_squares[r];
  return right;
}

bool tiles_right(Bug bug) {
  constexpr std::size_t kTiles = 9, kTile = 128;
  Row in(kTiles * kTile), out(kTiles * kTile);
  for (std::size_t i = 0; i < kTiles * kTile; ++i) in[i] = static_cast<float>(i);
  mirrored_tiles(bug, in.data(), kTiles, out.data());
  for (std::size_t i = 0; i < kTiles * kTile; ++i) {
    const std::size_t mate = i / kTile * kTile + kTile - 1 - i % kTile;
    if (!(out[i] == in[i ^ 1] + in[mate ^ 1])) return false;
  }
  return true;
}

bool right(Bug bug) {
  if (bug == Bug::none) return row_sums_right(bug) && tiles_right(bug);
  return bug >= Bug::missing_syncwarp ? tiles_right(bug) : row_sums_right(bug);
}

}  // namespace
}  // namespace lethe::kernels::mutants

int main(int argc, char** argv) {
  using namespace lethe;
  if (argc != 3) return 64;
  const auto bug = static_cast<kernels::mutants::Bug>(std::atoi(argv[1]));
  for (int seed = 1; seed <= std::atoi(argv[2]); ++seed) {
    host_cuda::set_seed(static_cast<std::uint64_t>(seed));
    try {
      std::puts(kernels::mutants::right(bug) ? "right" : "wrong");
    } catch (const host_cuda::Error& error) {
      std::printf("error: %s\n", error.what());
    }
  }
  return 0;
}
