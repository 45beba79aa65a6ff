#include "framework/optim/gradient_norm.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace lethe::optim {
namespace {

constexpr int kFractionBits = 46;  // of one square, relative to the largest
constexpr int kLimbBits = 40;

double largest_magnitude(sharding::GradientStore& gradients, int num_segments) {
  double largest = 0;
  bool finite = true;
  for (int s = 0; s < num_segments; ++s) {
    if (gradients.part(s).numel() == 0) continue;                       // frozen
    const double value = gradients.part(s).abs().max().item<double>();  // max() passes NaN on
    finite = finite && std::isfinite(value);
    largest = std::max(largest, value);
  }
  return finite ? largest : std::numeric_limits<double>::infinity();
}

template <class T>
__int128 sum_of_squares(const at::Tensor& part, double inverse_largest) {
  constexpr double kScale = static_cast<double>(std::int64_t{1} << kFractionBits);
  const T* values = part.const_data_ptr<T>();
  __int128 total = 0;
  const std::int64_t count = part.numel();
  for (std::int64_t first = 0; first < count; first += 65536) {
    std::int64_t sum = 0;  // 65536 squares below 2^46 fit 63 bits
    const std::int64_t last = std::min(first + 65536, count);
    for (std::int64_t i = first; i < last; ++i) {
      const double x = static_cast<double>(values[i]) * inverse_largest;
      sum += static_cast<std::int64_t>(x * x * kScale);
    }
    total += sum;
  }
  return total;
}

// The same integers where the values are not in host memory; `piece` is a few of them, since the way goes
// through float64.
__int128 sum_of_piece_there(const at::Tensor& piece, double inverse_largest) {
  constexpr std::int64_t kRun = 65536;
  const at::Tensor x =
      piece.to(at::kDouble).mul(inverse_largest);  // never in place: it may be `piece` itself
  const at::Tensor units = (x * x).mul_(static_cast<double>(std::int64_t{1} << kFractionBits)).to(at::kLong);
  const std::int64_t whole = units.numel() / kRun * kRun;
  // Each run's sum fits 63 bits, their sum may not: low and high halves apart.
  const at::Tensor sums = at::cat({units.narrow(0, 0, whole).view({-1, kRun}).sum(1),
                                   units.narrow(0, whole, units.numel() - whole).sum(0, true)});
  const at::Tensor high = sums.bitwise_right_shift(kLimbBits),
                   low = sums - high.bitwise_left_shift(kLimbBits);
  const at::Tensor both = at::stack({low.sum(), high.sum()}).cpu();
  const std::int64_t* limbs = both.const_data_ptr<std::int64_t>();
  return limbs[0] + (static_cast<__int128>(limbs[1]) << kLimbBits);
}

__int128 sum_of_squares_there(const at::Tensor& part, double inverse_largest) {
  constexpr std::int64_t kPiece = std::int64_t{1} << 24;
  __int128 total = 0;
  for (std::int64_t first = 0; first < part.numel(); first += kPiece)
    total +=
        sum_of_piece_there(part.narrow(0, first, std::min(kPiece, part.numel() - first)), inverse_largest);
  return total;
}

}  // namespace

double global_norm(sharding::GradientStore& gradients) {
  const int num_segments = static_cast<int>(gradients.layout().index().segments().size());
  dist::ProcessGroup& group = gradients.grid().shard_group();
  double largest = largest_magnitude(gradients, num_segments);
  group.all_reduce({&largest, 1, dist::DType::f64}, dist::Reduce::max);
  if (!std::isfinite(largest)) return std::numeric_limits<double>::quiet_NaN();
  if (largest == 0) return 0;
  __int128 total = 0;
  for (int s = 0; s < num_segments; ++s) {
    const at::Tensor& part = gradients.part(s);
    if (!part.is_cpu()) {
      total += sum_of_squares_there(part, 1 / largest);
      continue;
    }
    total += part.scalar_type() == at::kDouble ? sum_of_squares<double>(part, 1 / largest)
                                               : sum_of_squares<float>(part, 1 / largest);
  }
  std::array<std::int64_t, 2> limbs = {
      static_cast<std::int64_t>(total & ((std::int64_t{1} << kLimbBits) - 1)),
      static_cast<std::int64_t>(total >> kLimbBits)};
  group.all_reduce({limbs.data(), limbs.size(), dist::DType::i64});
  const double units = std::ldexp(static_cast<double>(limbs[1]), kLimbBits) + static_cast<double>(limbs[0]);
  return largest * std::sqrt(std::ldexp(units, -kFractionBits));
}

double clip_factor(double norm, double max_norm) {
  return max_norm > 0 && norm > max_norm ? max_norm / norm : 1.0;
}

}  // namespace lethe::optim
