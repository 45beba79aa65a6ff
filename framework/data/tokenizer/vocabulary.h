// Token texts and ids, with lookups that take a view.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace lethe::data {

struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept { return std::hash<std::string_view>()(text); }
};
template <class T>
using TextMap = std::unordered_map<std::string, T, TextHash, std::equal_to<>>;

class Vocabulary {
 public:
  // Errors: tokenizer.id when the id or the text is taken by another, or when the id is negative or above
  // 2^24.
  void add(std::string_view token, std::int64_t id);
  [[nodiscard]] std::optional<std::int32_t> id(std::string_view token) const;
  [[nodiscard]] const std::string* token(std::int64_t id) const;  // nullptr for an id of no token
  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(ids_.size()); }
  void reserve(std::size_t tokens) { ids_.reserve(tokens); }
  // Errors: tokenizer.id when some id below the largest belongs to no token.
  void refuse_gaps() const;

 private:
  TextMap<std::int32_t> ids_;
  std::vector<const std::string*> tokens_;  // by id; points at the keys of ids_, which stay where they are
};

}  // namespace lethe::data
