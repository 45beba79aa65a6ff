// Small text tools: did-you-mean, readable sizes and durations.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::base {

// The candidate nearest to `word` (Damerau-Levenshtein with adjacent swaps); nothing if none is near enough
// to be a typo (distance at most a third of the longer word, rounded up).
[[nodiscard]] std::optional<std::string> closest_name(std::string_view word,
                                                      std::span<const std::string> candidates);

// `did you mean \`npo\`?` or an empty string.
[[nodiscard]] std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

[[nodiscard]] std::string join(std::span<const std::string> words, std::string_view separator);

// Does a shell pattern (`*`, `?`, `[…]`) match the whole of `text`? `*` matches dots and slashes too.
[[nodiscard]] bool matches_pattern(const std::string& pattern, const std::string& text);

[[nodiscard]] std::string readable_bytes(std::uint64_t bytes);  // "1.2 GiB"
[[nodiscard]] std::string readable_duration(double seconds);    // "2 min 05 s"

}  // namespace lethe::base
