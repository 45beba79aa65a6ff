// Root-mean-square normalisation with the residual addition before it: h = x + residual, y = gain * h /
// rms(h). Rows of `width` elements; statistics in float32; h and the normalised row are rounded to T, as the
// reference path does.
#pragma once

#include "kernels/kernels.h"

namespace lethe::kernels {

template <class T>
struct RmsNormForward {
  const T* x;         // [rows, width]
  const T* residual;  // [rows, width]; null: none, and h = x
  const T* gain;      // [width]
  T* sum;             // [rows, width] h; null where there is no residual. May be x or residual
  T* y;               // [rows, width]
  float* inverse;     // [rows] 1 / rms
  std::int64_t rows, width;
  float epsilon;
};
template <class T>
void rms_norm_forward(const RmsNormForward<T>& call, Stream stream);

// Rows of `partial`, the scratch of the backward, for a pass over `rows` rows.
[[nodiscard]] std::int64_t rms_norm_partial_rows(std::int64_t rows);

template <class T>
struct RmsNormBackward {
  const T* sum;          // [rows, width] h
  const T* gain;         // [width]
  const T* grad_y;       // [rows, width]
  const T* grad_sum;     // [rows, width] what reaches h by other ways; null: nothing
  const float* inverse;  // [rows] of the forward
  T* grad_x;             // [rows, width] also the residual's gradient. May be grad_y or grad_sum
  float* grad_gain;      // [width] added to
  float* partial;        // [rms_norm_partial_rows(rows), width] scratch
  std::int64_t rows, width;
};
template <class T>
void rms_norm_backward(const RmsNormBackward<T>& call, Stream stream);

}  // namespace lethe::kernels
