// Axes: from data to the coordinates of a drawing, with ticks at round numbers.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/report/figures/svg.h"

namespace lethe::report {

struct Axis {
  double low = 0, high = 1;  // of the data
  std::string label;         // with its unit
  bool is_logarithmic = false;
  double divisor = 1;  // tick labels show value / divisor; the label says so
  bool has_grid = true;
  int num_ticks = 5;       // about
  bool is_count = false;   // ticks at whole numbers only
  bool is_hidden = false;  // no ticks, no label, no room for them
};

// Round numbers inside [low, high], about `count` of them. Powers of ten (with 2 and 5 if few) on a
// logarithmic axis.
[[nodiscard]] std::vector<double> ticks_of(const Axis& axis);

// Covers the values, with `from_zero` from 0, and a little air at the ends; [0, 1] for none.
[[nodiscard]] Axis axis_over(const std::vector<double>& values, std::string label, bool from_zero);
// Moves a power of ten from the tick labels into the axis label: "MRD (×10⁻⁶)".
void move_power_into_label(Axis& axis);

class Plot {
 public:
  // Draws axes, grid, ticks and labels into `svg`, leaving `right` empty at the right (for direct labels).
  Plot(Svg& svg, Axis x, Axis y, double right = 16);

  [[nodiscard]] double x(double value) const;
  [[nodiscard]] double y(double value) const;
  [[nodiscard]] Point at(double x_value, double y_value) const { return {x(x_value), y(y_value)}; }
  [[nodiscard]] double left() const { return left_; }
  [[nodiscard]] double right() const { return right_; }
  [[nodiscard]] double top() const { return top_; }
  [[nodiscard]] double bottom() const { return bottom_; }

 private:
  void draw(Svg& svg) const;

  Axis x_axis_, y_axis_;
  double left_, right_, top_, bottom_;
};

}  // namespace lethe::report
