// Looks for what was to be forgotten in any file: its texts, plain and as JSON writes them, and eight or more
// of its token ids in a row, as 32 or 64 bit integers or as written numbers.
#pragma once

#include <array>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace lethe::run {

class TraceSearch {
 public:
  static constexpr std::size_t kWindow = 8;  // shorter runs of ids are in every file by chance

  void add_text(const std::string& text);
  void add_tokens(std::span<const std::int32_t> ids);

  [[nodiscard]] std::size_t num_texts() const { return texts_.size(); }
  [[nodiscard]] std::size_t num_windows() const { return windows_.size(); }

  // What was found ("a text", "token ids as 32-bit integers", …); empty if nothing.
  [[nodiscard]] std::string found_in(std::string_view content) const;

 private:
  using Window = std::array<std::int64_t, kWindow>;
  struct Hash {
    std::size_t operator()(const Window& window) const;
  };
  bool is_trace(const Window& window) const;
  template <class Integer>
  bool holds_integers(std::string_view content) const;
  bool holds_numbers(std::string_view content) const;

  std::set<std::string> texts_;  // as they are, and as JSON writes them
  std::unordered_set<Window, Hash> windows_;
  std::vector<bool> can_begin_;  // ids that begin a window: most places of a file are ruled out by this
};

}  // namespace lethe::run
