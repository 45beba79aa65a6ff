#include "framework/ops/jet.h"

#include <ATen/ATen.h>

#include <vector>

#include "framework/ops/perturb.h"

namespace lethe::ops {
namespace {

template <class T>
void fill(const base::StreamKey& key, std::uint64_t first, std::span<T> out) {
  if (key.stream == base::Stream::rademacher) {
    base::rademacher(key, first, out);
    return;
  }
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = static_cast<T>(base::gaussian(key, first + i));
}

}  // namespace

at::Tensor direction_entries(const Directions& directions, std::int64_t d, std::uint64_t first,
                             std::int64_t count, const at::TensorOptions& options) {
  const at::ScalarType dtype = options.dtype().toScalarType();
  base::StreamKey key = directions.key;
  key.draw += static_cast<std::uint32_t>(d);
  const at::TensorOptions wide = options.dtype(dtype == at::kDouble ? at::kDouble : at::kFloat);
  if (!options.device().is_cpu()) {
    const at::Tensor there = at::zeros({count}, wide);
    add_noise(there, there, first, key, 1);
    return there.to(dtype);
  }
  const auto size = static_cast<std::size_t>(count);
  at::Tensor entries = at::empty({count}, wide.device(at::kCPU));
  if (dtype == at::kDouble)
    fill(key, first, std::span<double>(entries.mutable_data_ptr<double>(), size));
  else
    fill(key, first, std::span<float>(entries.mutable_data_ptr<float>(), size));
  return entries.to(options);
}

JetWeight JetWeight::rows(std::int64_t row, std::int64_t count) const {
  JetWeight part = *this;
  part.value = value.narrow(0, row, count);
  part.first = first + static_cast<std::uint64_t>(row * value.stride(0));
  return part;
}

at::Tensor JetWeight::direction(std::int64_t d, at::ScalarType dtype) const {
  return direction_entries(*directions, d, first, value.numel(), value.options().dtype(dtype))
      .view(value.sizes());
}

Jet::Jet(const at::Tensor& value, const at::Tensor& first, const at::Tensor& second, at::ScalarType dtype)
    : parts_(at::cat({value.unsqueeze(0), first, second.unsqueeze(0)}).to(dtype)) {}

Jet Jet::view(at::IntArrayRef shape) const {
  std::vector<std::int64_t> whole = {parts_.size(0)};
  whole.insert(whole.end(), shape.begin(), shape.end());
  return Jet(parts_.view(whole));
}

Jet Jet::rows(const at::Tensor& which) const { return Jet(parts_.index_select(1, which)); }

Jet operator+(const Jet& a, const Jet& b) { return Jet(a.parts() + b.parts()); }

at::Tensor widened(const at::Tensor& x) {
  return x.scalar_type() == at::kBFloat16 || x.scalar_type() == at::kHalf ? x.to(at::kFloat) : x;
}

Jet widened(const Jet& x) { return Jet(widened(x.parts())); }

}  // namespace lethe::ops
