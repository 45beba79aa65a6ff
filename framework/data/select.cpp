#include "framework/data/select.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "framework/base/error.h"
#include "framework/base/log.h"

namespace lethe::data {
namespace {

// From easy to hard.
std::vector<std::int64_t> order_of(std::span<const double> values, bool large_is_easy) {
  std::vector<std::int64_t> order(values.size());
  std::iota(order.begin(), order.end(), 0);
  std::ranges::stable_sort(order, [&](std::int64_t a, std::int64_t b) {
    return large_is_easy ? values[a] > values[b] : values[a] < values[b];
  });
  return order;
}

// Places in the order, from easy to hard, that a stratum takes.
std::vector<std::int64_t> places(std::int64_t size, const SelectOptions& options) {
  std::vector<std::int64_t> chosen(static_cast<std::size_t>(options.count));
  const std::int64_t first = options.stratum == "easy"   ? 0
                             : options.stratum == "hard" ? size - options.count
                                                         : (size - options.count) / 2;
  for (std::int64_t k = 0; k < options.count; ++k) {
    const bool matched = options.stratum == "matched";  // the middles of `count` equal parts
    chosen[static_cast<std::size_t>(k)] = matched ? (2 * k + 1) * size / (2 * options.count) : first + k;
  }
  return chosen;
}

}  // namespace

std::optional<SelectOptions> read_select(config::Section source) {
  const bool asked = source.has("select");
  config::Section section = source.section("select", "a part of the samples, of stated difficulty");
  SelectOptions o;
  section
      .choice("by", o.by, {"mrd", "loss", "length"},
              "what difficulty is: large MRD or loss, or few tokens, is easy")
      .choice("stratum", o.stratum, {"easy", "middle", "hard", "matched"},
              "which part of the samples; matched is spread over all as they are")
      .optional("scores", o.scores, "run directory of `lethe score`, for mrd and loss")
      .optional("count", o.count, "samples to take; 0 takes all", config::at_least(0));
  section.reject_unknown();
  if (asked && !section.has("count"))
    section.refuse("count", "config.required", "is needed: how many samples to take", "write count: 20");
  if (o.count == 0) return std::nullopt;
  if (o.by != "length" && o.scores.empty())
    section.refuse("scores", "config.required", fmt::format("is needed to select by {}", o.by),
                   "name the run directory of a `lethe score` of the whole set");
  return o;
}

std::vector<std::int64_t> select(std::span<const double> values, const SelectOptions& options) {
  const auto size = static_cast<std::int64_t>(values.size());
  if (options.count > size) {
    fail("config.range",
         fmt::format("data.forget.select.count: {} of {} samples cannot be taken", options.count, size),
         "make it smaller");
  }
  for (const double value : values) {
    if (!std::isfinite(value))
      fail("config.range", fmt::format("data.forget.select: a sample's {} is no finite number", options.by),
           "score again: warning[score.nonfinite] said so");
  }
  if (options.by != "length" && size > 1 &&
      std::ranges::adjacent_find(values, std::not_equal_to<>()) == values.end())
    base::warn_once(
        "data.select",
        fmt::format("data.forget.select: all samples have the same {}, so they are taken in file order; "
                    "score again as the warnings of that scoring say, or select by length",
                    options.by));
  const std::vector<std::int64_t> order = order_of(values, options.by != "length");
  std::vector<std::int64_t> chosen;
  for (const std::int64_t place : places(size, options))
    chosen.push_back(order[static_cast<std::size_t>(place)]);
  std::ranges::sort(chosen);
  return chosen;
}

}  // namespace lethe::data
