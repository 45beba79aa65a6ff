#include "framework/ops/rope.h"

#include <ATen/ATen.h>

#include <cmath>

#include "framework/ops/fused.h"
#include "framework/ops/upload.h"

namespace lethe::ops {

std::vector<double> rope_frequencies(double theta, std::int64_t head_dim) {
  std::vector<double> frequencies(static_cast<std::size_t>(head_dim / 2));
  for (std::size_t i = 0; i < frequencies.size(); ++i)
    frequencies[i] = std::pow(theta, -2.0 * static_cast<double>(i) / static_cast<double>(head_dim));
  return frequencies;
}

RopeTables rope_tables(std::span<const std::int64_t> positions, std::span<const double> inverse_frequencies,
                       const at::TensorOptions& options) {
  const auto tokens = static_cast<std::int64_t>(positions.size());
  const auto half = static_cast<std::int64_t>(inverse_frequencies.size());
  at::Tensor angles = at::empty({tokens, 1, half}, at::kDouble);
  double* out = angles.mutable_data_ptr<double>();
  for (const std::int64_t position : positions) {
    for (const double frequency : inverse_frequencies) *out++ = static_cast<double>(position) * frequency;
  }
  const auto table = [&](const at::Tensor& values) {
    return uploaded(values.to(options.dtype().toScalarType()), options.device());
  };
  return {table(angles.cos()), table(angles.sin())};
}

namespace {

// Of one part or of several, […, tokens, heads, head_dim].
at::Tensor turned(const at::Tensor& x, const RopeTables& tables) {
  const auto halves = x.chunk(2, -1);
  return at::cat(
      {halves[0] * tables.cos - halves[1] * tables.sin, halves[1] * tables.cos + halves[0] * tables.sin}, -1);
}

}  // namespace

at::Tensor rope(const at::Tensor& x, const RopeTables& tables) {
  return fused::takes(x) ? fused::rope(x, tables.cos, tables.sin) : turned(x, tables);
}

Jet rope(const Jet& x, const RopeTables& tables) { return Jet(turned(x.parts(), tables)); }

}  // namespace lethe::ops
