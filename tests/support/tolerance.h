// How far a result may lie from its float64 reference: c · eps(dtype) · growth · scale. `growth` counts the
// roundings on the longest way to the result, `scale` is the size of what is added up, not of the result, for
// terms may cancel.
#pragma once

#include <limits>

namespace lethe::testing {

inline constexpr double kEpsFloat = std::numeric_limits<float>::epsilon() / 2;  // unit roundoff
inline constexpr double kEpsBf16 = 1.0 / 256;
inline constexpr double kSafety = 2;  // second-order terms, and functions that are right to two units

[[nodiscard]] inline double tolerance(double eps, double growth, double scale) {
  return kSafety * eps * growth * scale;
}

// NaN is never within: `error <= bound` is false for it, `error > bound` too.
[[nodiscard]] inline bool within(double value, double reference, double bound) {
  const double error = value > reference ? value - reference : reference - value;
  return error <= bound;
}

}  // namespace lethe::testing
