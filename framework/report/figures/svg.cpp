#include "framework/report/figures/svg.h"

#include <fmt/format.h>

#include <cmath>

#include "framework/report/html.h"

namespace lethe::report {
namespace {

std::string title_of(std::string_view tooltip) {
  return tooltip.empty() ? "" : fmt::format("<title>{}</title>", escape(tooltip));
}

std::string shape_path(Point at, double r, int shape) {
  const auto [x, y] = at;
  switch (shape % 4) {
    case 0:
      return fmt::format("M{:.1f},{:.1f}a{r:.2f},{r:.2f} 0 1,0 {d:.2f},0a{r:.2f},{r:.2f} 0 1,0 -{d:.2f},0Z",
                         x - r, y, fmt::arg("r", r), fmt::arg("d", 2 * r));
    case 1:
      return fmt::format("M{:.1f},{:.1f}h{d:.2f}v{d:.2f}h-{d:.2f}Z", x - 0.9 * r, y - 0.9 * r,
                         fmt::arg("d", 1.8 * r));
    case 2:
      return fmt::format("M{:.1f},{:.1f}l{d:.2f},{d:.2f}l-{d:.2f},{d:.2f}l-{d:.2f},-{d:.2f}Z", x,
                         y - 1.25 * r, fmt::arg("d", 1.25 * r));
    default:
      return fmt::format("M{:.1f},{:.1f}l{:.2f},{:.2f}h-{:.2f}Z", x, y - 1.2 * r, 1.2 * r, 2.1 * r, 2.4 * r);
  }
}

// A record may hold a NaN; a drawing may not.
bool is_drawable(Point p) { return std::isfinite(p.first) && std::isfinite(p.second); }

}  // namespace

Svg::Svg(Size size, std::string_view id, std::string_view title, std::string_view description) : size_(size) {
  out_ = fmt::format(
      "<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" aria-labelledby=\"{}-t {}-d\"><title "
      "id=\"{}-t\">{}</title>"
      "<desc id=\"{}-d\">{}</desc>",
      size.width, size.height, id, id, id, escape(title), id, escape(description));
}

void Svg::line(Point a, Point b, std::string_view css_class) {
  if (!is_drawable(a) || !is_drawable(b)) return;
  out_ += fmt::format("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>", a.first,
                      a.second, b.first, b.second, css_class);
}

void Svg::rectangle(Point corner, Size size, std::string_view css_class, std::string_view tooltip) {
  if (!is_drawable(corner) || !is_drawable({size.width, size.height})) return;
  out_ +=
      fmt::format("<rect x=\"{:.2f}\" y=\"{:.2f}\" width=\"{:.2f}\" height=\"{:.2f}\" class=\"{}\">{}</rect>",
                  corner.first, corner.second, size.width, size.height, css_class, title_of(tooltip));
}

void Svg::polyline(const std::vector<Point>& points, std::string_view css_class) {
  std::string path;
  bool pen_is_down = false;
  for (const auto& [x, y] : points) {
    const bool is_finite = is_drawable({x, y});
    if (is_finite) path += fmt::format("{}{:.1f},{:.1f}", pen_is_down ? "L" : "M", x, y);
    pen_is_down = is_finite;
  }
  if (!path.empty()) out_ += fmt::format("<path d=\"{}\" class=\"{}\"/>", path, css_class);
}

void Svg::text(Point at, std::string_view text, std::string_view css_class, std::string_view anchor) {
  if (!is_drawable(at)) return;
  out_ += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\" text-anchor=\"{}\">{}</text>", at.first,
                      at.second, css_class, anchor, escape(text));
}

void Svg::rotated_text(Point at, std::string_view text, std::string_view css_class) {
  out_ += fmt::format(
      "<text transform=\"translate({:.1f},{:.1f}) rotate(-90)\" class=\"{}\" "
      "text-anchor=\"middle\">{}</text>",
      at.first, at.second, css_class, escape(text));
}

void Svg::marker(Point at, double radius, int shape, std::string_view css_class, std::string_view tooltip) {
  if (!is_drawable(at)) return;
  out_ += fmt::format("<path d=\"{}\" class=\"{}\">{}</path>", shape_path(at, radius, shape), css_class,
                      title_of(tooltip));
}

void Svg::hover(Point at, double radius, std::string_view tooltip) {
  if (!is_drawable(at)) return;
  out_ += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{:.1f}\" class=\"hover\">{}</circle>",
                      at.first, at.second, radius, title_of(tooltip));
}

std::string Svg::finish() && { return std::move(out_) + "</svg>"; }

std::string legend_marker(int shape, std::string_view css_class) {
  return fmt::format(
      "<svg class=\"key\" viewBox=\"0 0 16 16\" aria-hidden=\"true\"><path d=\"{}\" class=\"{}\"/></svg>",
      shape_path({8, 8}, 5, shape), css_class);
}

std::string series_class(std::size_t index) { return fmt::format("s{}", index % 6); }

}  // namespace lethe::report
