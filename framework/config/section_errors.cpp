#include "framework/config/section_errors.h"

#include <cmath>

#include "framework/base/error.h"
#include "framework/base/text.h"

namespace lethe::config {
namespace {

std::string placed(const Place& place, const std::string& message) {
  const std::string text = place.text();
  return text.empty() ? message : fmt::format("{}: {}", text, message);
}

std::string followed(const std::string& message, const Place& place) {
  const std::string text = place.text();
  return text.empty() ? message : fmt::format("{} ({})", message, text);
}

// A setting of that name elsewhere: a right key at the wrong indentation is the commonest mistake in YAML.
std::string same_name_elsewhere(const Document& document, const std::string& key) {
  for (const ReadKey& read : document.reads()) {
    if (read.path.ends_with("." + key)) return read.path;
  }
  return "";
}

}  // namespace

void refuse_type(const std::string& path, const Node& node, std::string_view what, std::string_view hint) {
  fail("config.type", placed(node.place, fmt::format("{}: {} {}", path, described(node), what)),
       std::string(hint));
}

void refuse_range(const std::string& path, const Node& node, const std::string& allowed,
                  const std::string& got) {
  fail("config.range", followed(fmt::format("{} must be {}, got {}", path, allowed, got), node.place));
}

void refuse_missing(const Document& document, const std::string& section, std::string_view key) {
  const Node* node = document.find(section);
  const std::string message = fmt::format("{} is not set", joined_path(section, key));
  fail("config.required", followed(message, node ? node->place : Place{}),
       "it has no default; `lethe config` explains every key");
}

void refuse_unknown(const Document& document, const std::string& section, const Entry& entry) {
  const auto known = document.asked(section);
  std::string message = fmt::format("{} is not a setting", joined_path(section, entry.key));
  std::string meant = base::closest_name(entry.key, known).value_or("");
  if (meant.empty()) meant = same_name_elsewhere(document, entry.key);
  if (!meant.empty()) message += "; did you mean " + meant;
  const std::string where = section.empty() ? "at the top" : "in " + section;
  const std::string hint = known.empty() ? fmt::format("no settings {}", where)
                                         : fmt::format("settings {}: {}", where, base::join(known, ", "));
  fail("config.unknown", placed(entry.key_place, message), hint);
}

void refuse_word(const std::string& path, const Node& node, const std::string& word,
                 std::span<const std::string> allowed) {
  std::string message = fmt::format("{}: `{}` is not one of {}", path, word, base::join(allowed, ", "));
  fail("config.unknown", placed(node.place, message), base::did_you_mean(word, allowed));
}

std::string range_text(const Range& range) {
  const bool low = std::isfinite(range.low), high = std::isfinite(range.high);
  if (low && high && !range.low_open) return fmt::format(" between {} and {}", range.low, range.high);
  std::string text;
  if (low) text = fmt::format(" {} {}", range.low_open ? ">" : ">=", range.low);
  if (high) text += fmt::format("{} <= {}", low ? " and" : "", range.high);
  return text;
}

std::string type_of_choice(std::span<const std::string> allowed) {
  return "one of " + base::join(allowed, ", ");
}

}  // namespace lethe::config
