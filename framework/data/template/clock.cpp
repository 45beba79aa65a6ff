#include "framework/data/template/clock.h"

#include <chrono>
#include <ctime>

#include "framework/base/error.h"
#include "framework/data/template/budget.h"

namespace lethe::data::jinja {
namespace {

std::chrono::year_month_day date_of(const Clock& clock) {
  return std::chrono::year(clock.year) / static_cast<unsigned>(clock.month) /
         static_cast<unsigned>(clock.day);
}

std::tm broken_down(const Clock& clock) {
  const auto days = std::chrono::sys_days(date_of(clock));
  const auto first = std::chrono::sys_days(std::chrono::year(clock.year) / 1 / 1);
  std::tm time{};
  time.tm_year = clock.year - 1900, time.tm_mon = clock.month - 1, time.tm_mday = clock.day;
  time.tm_wday = static_cast<int>(std::chrono::weekday(days).c_encoding());
  time.tm_yday = static_cast<int>((days - first).count());
  return time;
}

}  // namespace

Clock clock_at(const std::string& date) {
  Clock clock;
  clock.given = true;
  char extra = 0;
  const int read = std::sscanf(date.c_str(), "%4d-%2d-%2d%c", &clock.year, &clock.month, &clock.day, &extra);
  if (read != 3 || clock.year < 1 || clock.month < 1 || clock.day < 1 || !date_of(clock).ok())
    fail("config.range", fmt::format("\"{}\" is not a date", date), "write it as 2025-04-10");
  return clock;
}

std::string format_date(const Clock& clock, const std::string& format, int line) {
  for (std::size_t at = format.find('%'); at != std::string::npos; at = format.find('%', at + 2))
    if (at + 1 >= format.size() ||
        std::string_view("aAbBdHIjmMpSyY%").find(format[at + 1]) == std::string_view::npos)
      fail_type(line, "the date format \"" + format + "\" is not understood");
  if (format.empty()) return "";
  const std::tm time = broken_down(clock);
  std::string text(format.size() * 10 + 1, '\0');
  text.resize(std::strftime(text.data(), text.size(), format.c_str(), &time));
  return text;
}

}  // namespace lethe::data::jinja
