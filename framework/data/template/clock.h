// The one date that templates see. It is configuration, not the wall clock: the same run tomorrow gives the
// same tokens.
#pragma once

#include <string>

namespace lethe::data::jinja {

struct Clock {
  int year = 2025, month = 4, day = 10;
  bool given = false;  // false: nobody set it, so a template that asks is warned about
};

// "YYYY-MM-DD". Errors: config.range.
[[nodiscard]] Clock clock_at(const std::string& date);

// strftime at midnight of that day, English names. Errors: template.type for a format that is not one of %d
// %b %Y ….
[[nodiscard]] std::string format_date(const Clock& clock, const std::string& format, int line);

}  // namespace lethe::data::jinja
