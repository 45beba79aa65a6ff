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

// Of one shard: a few values, or all.
__int128 units_of(const at::Tensor& values, double inverse_largest) {
  if (!values.is_cpu()) return sum_of_squares_there(values, inverse_largest);
  return values.scalar_type() == at::kDouble ? sum_of_squares<double>(values, inverse_largest)
                                             : sum_of_squares<float>(values, inverse_largest);
}

// What ranks add up.
using Limbs = std::array<std::int64_t, 2>;

Limbs limbs_of(__int128 units) {
  return {static_cast<std::int64_t>(units & ((std::int64_t{1} << kLimbBits) - 1)),
          static_cast<std::int64_t>(units >> kLimbBits)};
}

double norm_of(double largest, const Limbs& limbs) {
  if (!std::isfinite(largest)) return std::numeric_limits<double>::quiet_NaN();
  const double units = std::ldexp(static_cast<double>(limbs[1]), kLimbBits) + static_cast<double>(limbs[0]);
  return largest * std::sqrt(std::ldexp(units, -kFractionBits));
}

// What this rank holds of each parameter's gradient: run(parameter, values).
template <class Run>
void each_held(sharding::GradientStore& gradients, const Run& run) {
  const auto& index = gradients.index();
  for (int s = 0; s < static_cast<int>(index.segments().size()); ++s) {
    if (!gradients.trains_segment(s)) continue;
    const sharding::ShardPart part = gradients.layout().part(s, gradients.grid().shard_rank());
    std::int64_t at = 0;
    models::for_each_piece(index, part.first, part.valid,
                           [&](int parameter, std::uint64_t, std::uint64_t count) {
                             run(static_cast<std::size_t>(parameter),
                                 gradients.part(s).narrow(0, at, static_cast<std::int64_t>(count)));
                             at += static_cast<std::int64_t>(count);
                           });
  }
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
  for (int s = 0; s < num_segments; ++s) total += units_of(gradients.part(s), 1 / largest);
  Limbs limbs = limbs_of(total);
  group.all_reduce({limbs.data(), limbs.size(), dist::DType::i64});
  return norm_of(largest, limbs);
}

std::vector<double> tensor_norms(sharding::GradientStore& gradients) {
  const std::size_t count = gradients.index().parameters().size();
  dist::ProcessGroup& group = gradients.grid().shard_group();
  std::vector<double> largest(count, 0.0), norms;
  each_held(gradients, [&](std::size_t parameter, const at::Tensor& values) {
    const double value = values.abs().max().item<double>();  // max() passes NaN on
    largest[parameter] = std::isfinite(value) ? value : std::numeric_limits<double>::infinity();
  });
  group.all_reduce(dist::span_of(std::span(largest)), dist::Reduce::max);
  std::vector<Limbs> limbs(count, Limbs{});
  each_held(gradients, [&](std::size_t parameter, const at::Tensor& values) {
    if (std::isfinite(largest[parameter]) && largest[parameter] > 0)
      limbs[parameter] = limbs_of(units_of(values, 1 / largest[parameter]));
  });
  group.all_reduce({limbs.data(), 2 * count, dist::DType::i64});
  for (std::size_t p = 0; p < count; ++p) norms.push_back(norm_of(largest[p], limbs[p]));
  return norms;
}

double clip_factor(double norm, double max_norm) {
  return max_norm > 0 && norm > max_norm ? max_norm / norm : 1.0;
}

}  // namespace lethe::optim
