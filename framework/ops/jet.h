// A value and its derivatives along directions in parameter space: second-order forward mode. Where every
// weight moves as W + eps Z_d, an activation is x + eps x1_d + eps^2/2 x2_d. First derivatives are kept for
// each direction; of the second only the sum over directions is wanted, and it enters every rule linearly, so
// one X2 = sum_d x2_d is carried (collapsed, arXiv 2505.13644). The rule of an op stands in the op's file.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

#include "framework/base/random.h"

namespace lethe::ops {

// Directions key.draw … key.draw + count - 1. Entries are a function of the canonical index of a weight; they
// are made where they are used and stored nowhere. The stream says whether they are signs or normals.
struct Directions {
  base::StreamKey key;
  std::int64_t count = 1;
};

// Elements first … first + count - 1 of direction d -> [count], in the dtype (float32, float64, bf16) and on
// the device of `options`.
[[nodiscard]] at::Tensor direction_entries(const Directions& directions, std::int64_t d, std::uint64_t first,
                                           std::int64_t count, const at::TensorOptions& options);

// A weight that moves along the directions, or stands still where the scope leaves it out.
struct JetWeight {
  at::Tensor value;         // undefined where the family has none
  std::uint64_t first = 0;  // canonical index of its first element
  const Directions* directions = nullptr;
  bool moves = true;

  // Rows `row` … `row + count - 1` of a matrix, with their part of the directions.
  [[nodiscard]] JetWeight rows(std::int64_t row, std::int64_t count) const;
  // Z_d of the whole weight, in its shape.
  [[nodiscard]] at::Tensor direction(std::int64_t d, at::ScalarType dtype) const;
};

class Jet {
 public:
  Jet() = default;
  // parts [directions + 2, …]: the value, the first derivatives, the sum of the second ones.
  explicit Jet(at::Tensor parts) : parts_(std::move(parts)) {}
  // value […], first [directions, …], second […]; joined in `dtype`.
  Jet(const at::Tensor& value, const at::Tensor& first, const at::Tensor& second, at::ScalarType dtype);

  std::int64_t num_directions() const { return parts_.size(0) - 2; }
  const at::Tensor& parts() const { return parts_; }
  at::Tensor value() const { return parts_.select(0, 0); }
  at::Tensor first() const { return parts_.narrow(0, 1, num_directions()); }
  at::Tensor first(std::int64_t d) const { return parts_.select(0, 1 + d); }
  at::Tensor second() const { return parts_.select(0, 1 + num_directions()); }

  // As of the value: what the decoder's arithmetic asks of a value type.
  std::int64_t size(std::int64_t dim) const { return parts_.size(dim + 1); }
  [[nodiscard]] Jet view(at::IntArrayRef shape) const;
  [[nodiscard]] Jet rows(const at::Tensor& which) const;
  at::ScalarType scalar_type() const { return parts_.scalar_type(); }

 private:
  at::Tensor parts_;
};

[[nodiscard]] Jet operator+(const Jet& a, const Jet& b);

// Products and statistics are taken in float32 at least: bf16 and half are widened, wider types left alone.
[[nodiscard]] at::Tensor widened(const at::Tensor& x);
[[nodiscard]] Jet widened(const Jet& x);

// The type of a weight beside a value type.
template <class Value>
struct WeightOf {
  using Type = Value;
};
template <>
struct WeightOf<Jet> {
  using Type = JetWeight;
};

}  // namespace lethe::ops
