#include "framework/models/strict_json.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <vector>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"

namespace lethe::models {
namespace {

constexpr int kDeepest = 100;

// Walks over the text and tells how far nlohmann has read, which knows no place for what we refuse in its
// callback.
class TrackedIterator {
 public:
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  TrackedIterator(const char* at, const char** furthest) : at_(at), furthest_(furthest) {}
  reference operator*() const { return *at_; }
  TrackedIterator& operator++() {
    *furthest_ = ++at_;
    return *this;
  }
  TrackedIterator operator++(int) {
    auto old = *this;
    ++*this;
    return old;
  }
  bool operator==(const TrackedIterator& other) const { return at_ == other.at_; }

 private:
  const char* at_;
  const char** furthest_;
};

class Parser {
 public:
  Parser(std::string_view text, const std::string& file_name, const std::string& error_key)
      : text_(text), file_name_(file_name), error_key_(error_key), furthest_(text.data()) {}

  nlohmann::json run() {
    using Event = nlohmann::json::parse_event_t;
    const auto callback = [this](int depth, Event event, nlohmann::json& value) {
      if (event == Event::object_start || event == Event::array_start) open(depth);
      if (event == Event::object_end || event == Event::array_end) keys_.pop_back();
      if (event == Event::key) key(value.get_ref<const std::string&>());
      return true;
    };
    // nlohmann takes a zero byte for the end, and would let anything stand behind it.
    if (const auto zero = text_.find('\0'); zero != text_.npos) refuse(zero, "a zero byte");
    try {
      return nlohmann::json::parse(TrackedIterator(text_.data(), &furthest_),
                                   TrackedIterator(text_.data() + text_.size(), &furthest_), callback);
    } catch (const nlohmann::json::exception& e) {
      refuse(offset() == 0 ? 0 : offset() - 1, json_complaint(e.what()));
    }
  }

 private:
  std::size_t offset() const { return static_cast<std::size_t>(furthest_ - text_.data()); }

  void open(int depth) {
    if (depth >= kDeepest) refuse(offset() - 1, fmt::format("nested deeper than {}", kDeepest));
    keys_.emplace_back();
  }

  void key(const std::string& name) {
    if (!keys_.back().insert(name).second)
      refuse(start_of_key(), fmt::format("\"{}\" is set twice", printable(name)));
  }

  // The opening quote of the key that was just read; quotes inside a key stand behind an odd number of
  // backslashes.
  std::size_t start_of_key() const {
    std::size_t quote = offset() - 1;
    do {
      quote = text_.rfind('"', quote - 1);
    } while ((quote - 1 - text_.find_last_not_of('\\', quote - 1)) % 2 == 1);
    return quote;
  }

  [[noreturn]] void refuse(std::size_t byte, const std::string& complaint) const {
    const std::string_view before = text_.substr(0, byte);
    const auto line = 1 + std::count(before.begin(), before.end(), '\n');
    const std::size_t column = before.size() - (before.rfind('\n') + 1) + 1;  // npos + 1 is 0
    fail(error_key_, fmt::format("{}:{}:{}: {}", file_name_, line, column, complaint));
  }

  std::string_view text_;
  const std::string& file_name_;
  const std::string& error_key_;
  const char* furthest_;
  std::vector<std::set<std::string>> keys_;  // of the objects that are open
};

}  // namespace

std::string printable(std::string_view text, std::size_t longest) {
  std::string out;
  for (const char c : text) {
    if (out.size() >= longest) return out + "…";
    out += c >= ' ' && c <= '~' ? c : '?';
  }
  return out;
}

std::string json_complaint(std::string_view what) {
  constexpr std::string_view kPlace = "column ";
  if (const auto place = what.find(kPlace); place != what.npos)
    what.remove_prefix(what.find(": ", place) + 2);
  if (const auto bracket = what.find("] "); what.starts_with("[json") && bracket != what.npos)
    what.remove_prefix(bracket + 2);
  return printable(what, 200);
}

nlohmann::json parse_strict_json(std::string_view text, const std::string& file_name,
                                 const std::string& error_key) {
  return Parser(text, file_name, error_key).run();
}

nlohmann::json read_strict_json(const std::filesystem::path& file, const std::string& error_key,
                                std::uint64_t max_bytes) {
  return parse_strict_json(base::read_file(file, max_bytes), file.filename().string(), error_key);
}

}  // namespace lethe::models
