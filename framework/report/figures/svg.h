// A small SVG writer: shapes in the coordinates of one drawing, styled by the page's classes (so that light
// and dark need no second drawing), and plots with axes, grid lines and labels with units.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lethe::report {

struct Size {
  double width = 0, height = 0;
};
using Point = std::pair<double, double>;

class Svg {
 public:
  // `title` and `description` are what a screen reader says instead of the drawing. `id` makes their ids
  // unique.
  Svg(Size size, std::string_view id, std::string_view title, std::string_view description);

  void line(Point from, Point to, std::string_view css_class);
  void rectangle(Point corner, Size size, std::string_view css_class, std::string_view tooltip = "");
  // Breaks where a coordinate is not finite.
  void polyline(const std::vector<Point>& points, std::string_view css_class);
  // `anchor`: start, middle, end.
  void text(Point at, std::string_view text, std::string_view css_class, std::string_view anchor = "start");
  void rotated_text(Point at, std::string_view text, std::string_view css_class);
  // Circle, square, diamond or triangle by `shape` mod 4, so that runs differ without colour.
  void marker(Point at, double radius, int shape, std::string_view css_class, std::string_view tooltip = "");
  // Invisible, larger than a marker, to carry a tooltip.
  void hover(Point at, double radius, std::string_view tooltip);
  [[nodiscard]] std::string finish() &&;
  [[nodiscard]] Size size() const { return size_; }

 private:
  Size size_;
  std::string out_;
};

// The marker alone, as an inline drawing for legends. HTML.
[[nodiscard]] std::string legend_marker(int shape, std::string_view css_class);

// The classes of series i: colour (s0 … s5) of markers and lines.
[[nodiscard]] std::string series_class(std::size_t index);

}  // namespace lethe::report
