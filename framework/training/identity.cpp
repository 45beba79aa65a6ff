#include "framework/training/identity.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "framework/base/error.h"

namespace lethe::training {
namespace {

constexpr std::array kData = {"forget", "retain", "alternate", "retain_alternate"};
// What checkpoints of older versions do not say.
constexpr std::array kLater = {"config.json", "alternate", "retain_alternate"};

Identity parts_of(const std::string& text) {
  const auto json = nlohmann::json::parse(text, nullptr, /*allow_exceptions=*/false);
  Identity parts;
  if (!json.is_object()) return parts;
  for (const auto& [name, value] : json.items())
    if (value.is_string()) parts[name] = value;
  return parts;
}

bool is_data(const std::string& name) { return std::ranges::find(kData, name) != kData.end(); }

std::string value_in(const Identity& parts, const std::string& name) {
  const auto found = parts.find(name);
  return found == parts.end() ? "none" : found->second;
}

// Hashes are shown by their first digits, words in full.
std::string shown(const std::string& value) {
  const bool hash = value.size() == 32 && value.find_first_not_of("0123456789abcdef") == std::string::npos;
  return hash ? value.substr(0, 8) + "…" : value;
}

bool agrees(const Identity& saved, const std::string& name, const std::string& now) {
  const bool is_later = std::ranges::find(kLater, name) != kLater.end();
  return value_in(saved, name) == now || (is_later && !saved.empty() && !saved.contains(name));
}

void refuse(const std::string& name, const std::string& saved, const std::string& now, std::int64_t step) {
  if (is_data(name))
    fail("data.changed",
         fmt::format("{} hash {} ≠ {} at step {} (override: resume.allow_data_change)", name, shown(saved),
                     shown(now), step),
         "the data, its tokenizer or its tags are not those that the run began with");
  fail("ckpt.mismatch",
       fmt::format("{} {} ≠ {} (the checkpoint of step {})", name, shown(saved), shown(now), step),
       "resume with the configuration it was made with, or start in another --out");
}

}  // namespace

std::string identity_text(const Identity& parts) { return nlohmann::json(parts).dump(); }

void check_identity(const std::string& saved, const Identity& now, std::int64_t step,
                    bool allow_data_change) {
  const Identity before = parts_of(saved);
  for (const bool data : {false, true}) {  // another model or objective is the graver mistake
    if (data && allow_data_change) return;
    for (const auto& [name, value] : now)
      if (is_data(name) == data && !agrees(before, name, value))
        refuse(name, value_in(before, name), value, step);
  }
}

}  // namespace lethe::training
