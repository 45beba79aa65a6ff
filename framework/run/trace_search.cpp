#include "framework/run/trace_search.h"

#include <algorithm>
#include <cctype>
#include <cstring>
#include <nlohmann/json.hpp>

namespace lethe::run {

std::size_t TraceSearch::Hash::operator()(const Window& window) const {
  std::uint64_t hash = 0;
  for (const std::int64_t id : window) hash = (hash ^ static_cast<std::uint64_t>(id)) * 0x9E3779B97F4A7C15ull;
  return hash ^ (hash >> 29);
}

void TraceSearch::add_text(const std::string& text) {
  if (text.empty()) return;
  texts_.insert(text);
  const std::string json =
      nlohmann::json(text).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  texts_.insert(json.substr(1, json.size() - 2));
}

void TraceSearch::add_tokens(std::span<const std::int32_t> ids) {
  for (std::size_t at = 0; at + kWindow <= ids.size(); ++at) {
    Window window;
    std::copy_n(ids.begin() + static_cast<std::ptrdiff_t>(at), kWindow, window.begin());
    windows_.insert(window);
    const auto first = static_cast<std::size_t>(window.front());
    if (first >= can_begin_.size()) can_begin_.resize(first + 1, false);
    can_begin_[first] = true;
  }
}

bool TraceSearch::is_trace(const Window& window) const {
  const std::int64_t first = window.front();
  return first >= 0 && static_cast<std::size_t>(first) < can_begin_.size() &&
         can_begin_[static_cast<std::size_t>(first)] && windows_.contains(window);
}

// At every byte: a file may hold them at any offset.
template <class Integer>
bool TraceSearch::holds_integers(std::string_view content) const {
  if (windows_.empty()) return false;
  for (std::size_t at = 0; at + kWindow * sizeof(Integer) <= content.size(); ++at) {
    Integer first;
    std::memcpy(&first, content.data() + at, sizeof first);
    if (first < 0 || static_cast<std::uint64_t>(first) >= can_begin_.size()) continue;
    std::array<Integer, kWindow> values;
    std::memcpy(values.data(), content.data() + at, sizeof values);
    Window window;
    std::ranges::copy(values, window.begin());
    if (is_trace(window)) return true;
  }
  return false;
}

// Numbers with nothing but blanks and commas between them, as JSON, CSV and logs write a list.
bool TraceSearch::holds_numbers(std::string_view content) const {
  if (windows_.empty()) return false;
  Window window{};
  std::size_t count = 0;
  for (std::size_t at = 0; at < content.size();) {
    if (std::isdigit(static_cast<unsigned char>(content[at])) == 0) {
      if (std::string_view(" ,\n\r\t").find(content[at]) == std::string_view::npos) count = 0;
      ++at;
      continue;
    }
    std::int64_t value = 0;
    for (; at < content.size() && std::isdigit(static_cast<unsigned char>(content[at])) != 0; ++at)
      value = std::min<std::int64_t>(value * 10 + (content[at] - '0'), INT64_MAX / 100);
    std::ranges::rotate(window, window.begin() + 1);
    window.back() = value;
    if (++count >= kWindow && is_trace(window)) return true;
  }
  return false;
}

std::string TraceSearch::found_in(std::string_view content) const {
  if (std::ranges::any_of(
          texts_, [&](const std::string& text) { return content.find(text) != std::string_view::npos; }))
    return "a text";
  if (holds_integers<std::int32_t>(content)) return "token ids as 32-bit integers";
  if (holds_integers<std::int64_t>(content)) return "token ids as 64-bit integers";
  return holds_numbers(content) ? "token ids as numbers" : "";
}

}  // namespace lethe::run
