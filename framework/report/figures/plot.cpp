#include "framework/report/figures/plot.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "framework/report/html.h"

namespace lethe::report {
namespace {

constexpr double kTop = 14, kBottom = 46, kTickGap = 8, kDigit = 6.8;

double round_step(double span, int count, bool is_count) {
  const double raw = span / count, power = std::pow(10, std::floor(std::log10(raw)));
  if (is_count && raw <= 1) return 1;
  for (const double factor : {1.0, 2.0, 2.5, 5.0})
    if (!(is_count && power < 10 && factor == 2.5) && raw <= factor * power * 1.0001) return factor * power;
  return 10 * power;
}

std::vector<double> powers_of_ten(const Axis& axis) {
  std::vector<double> ticks;
  const bool is_short = axis.high / axis.low < 50;
  for (int e = static_cast<int>(std::floor(std::log10(axis.low))); std::pow(10, e) <= axis.high; ++e)
    for (const double factor : {1.0, 2.0, 5.0})
      if (const double tick = factor * std::pow(10, e);
          (factor == 1 || is_short) && tick >= axis.low && tick <= axis.high)
        ticks.push_back(tick);
  return ticks;
}

// As many decimals as the ticks need to differ.
std::vector<std::string> tick_labels(const Axis& axis, const std::vector<double>& ticks) {
  std::vector<std::string> labels;
  const double step = ticks.size() > 1 ? (ticks[1] - ticks[0]) / axis.divisor : 1;
  int decimals = std::clamp(static_cast<int>(-std::floor(std::log10(step) + 1e-9)), 0, 8);
  if (decimals > 0 || step < 1 || step > 1) {
    const double scaled = step * std::pow(10, decimals);
    if (std::abs(scaled - std::round(scaled)) > 1e-6) ++decimals;
  }
  for (const double tick : ticks) {
    if (axis.is_logarithmic)
      labels.push_back(number(tick));
    else
      labels.push_back(std::abs(tick / axis.divisor) >= 1000 ? grouped(std::llround(tick / axis.divisor))
                                                             : fixed(tick / axis.divisor, decimals));
  }
  return labels;
}

double widest(const std::vector<std::string>& labels) {
  std::size_t letters = 1;
  for (const std::string& label : labels)
    letters = std::max(letters, static_cast<std::size_t>(
                                    std::ranges::count_if(label, [](char c) { return (c & 0xC0) != 0x80; })));
  return kDigit * static_cast<double>(letters);
}

double fraction(const Axis& axis, double value) {
  if (axis.is_logarithmic)
    return value > 0 ? std::log(value / axis.low) / std::log(axis.high / axis.low) : NAN;
  return (value - axis.low) / (axis.high - axis.low);
}

}  // namespace

std::vector<double> ticks_of(const Axis& axis) {
  if (axis.is_logarithmic) return powers_of_ten(axis);
  const double step = round_step(axis.high - axis.low, axis.num_ticks, axis.is_count);
  std::vector<double> ticks;
  for (double k = std::ceil(axis.low / step - 1e-9); k * step <= axis.high + 1e-9 * step; ++k)
    ticks.push_back(k * step);
  return ticks;
}

Axis axis_over(const std::vector<double>& values, std::string label, bool from_zero) {
  double low = INFINITY, high = -INFINITY;
  for (const double v : values)
    if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  if (from_zero) low = std::min(low, 0.0), high = std::max(high, 0.0);
  if (low > high || (low == 0 && high == 0)) return {.low = 0, .high = 1, .label = std::move(label)};
  // Values that differ by rounding only count as equal: between them, ticks cannot be told apart.
  const bool varies = high - low > 1e-9 * std::max(std::abs(low), std::abs(high));
  const double air = varies ? 0.05 * (high - low) : std::max(1e-12, 0.5 * std::abs(high));
  return {.low = from_zero && low == 0 ? 0 : low - air,
          .high = from_zero && high == 0 ? 0 : high + air,
          .label = std::move(label)};
}

void move_power_into_label(Axis& axis) {
  const double largest = std::max(std::abs(axis.low), std::abs(axis.high));
  const int exponent = static_cast<int>(std::floor(std::log10(largest)));
  if (axis.is_logarithmic || (exponent >= -2 && exponent <= 4)) return;
  axis.divisor = std::pow(10, exponent);
  axis.label += fmt::format(" (\u00D7\u200910{})", superscript(exponent));
}

Plot::Plot(Svg& svg, Axis x, Axis y, double right)
    : x_axis_(std::move(x)),
      y_axis_(std::move(y)),
      right_(svg.size().width - right),
      top_(kTop),
      bottom_(svg.size().height - kBottom) {
  left_ = y_axis_.is_hidden ? 8 : 22 + kTickGap + widest(tick_labels(y_axis_, ticks_of(y_axis_)));
  draw(svg);
}

double Plot::x(double value) const { return left_ + fraction(x_axis_, value) * (right_ - left_); }
double Plot::y(double value) const { return bottom_ - fraction(y_axis_, value) * (bottom_ - top_); }

void Plot::draw(Svg& svg) const {
  const auto x_ticks = ticks_of(x_axis_), y_ticks = ticks_of(y_axis_);
  const auto x_labels = tick_labels(x_axis_, x_ticks), y_labels = tick_labels(y_axis_, y_ticks);
  for (std::size_t i = 0; i < y_ticks.size() && !y_axis_.is_hidden; ++i) {
    if (y_axis_.has_grid) svg.line({left_, y(y_ticks[i])}, {right_, y(y_ticks[i])}, "grid");
    svg.text({left_ - kTickGap, y(y_ticks[i]) + 4}, y_labels[i], "tick", "end");
  }
  for (std::size_t i = 0; i < x_ticks.size(); ++i) {
    if (x_axis_.has_grid) svg.line({x(x_ticks[i]), top_}, {x(x_ticks[i]), bottom_}, "grid");
    svg.text({x(x_ticks[i]), bottom_ + 17}, x_labels[i], "tick", "middle");
  }
  svg.line({left_, bottom_}, {right_, bottom_}, "axis");
  svg.text({(left_ + right_) / 2, bottom_ + 38}, x_axis_.label, "axis-label", "middle");
  if (!y_axis_.is_hidden) svg.rotated_text({13, (top_ + bottom_) / 2}, y_axis_.label, "axis-label");
}

}  // namespace lethe::report
