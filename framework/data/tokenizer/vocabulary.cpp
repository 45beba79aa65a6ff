#include "framework/data/tokenizer/vocabulary.h"

#include <algorithm>

#include "framework/base/error.h"

namespace lethe::data {
namespace {
constexpr std::int64_t kMaxTokenId =
    1 << 24;  // bounds what a lying file makes us allocate; the largest known is 2^18
}

void Vocabulary::add(std::string_view token, std::int64_t id) {
  if (id < 0 || id > kMaxTokenId) fail("tokenizer.id", fmt::format("token \"{}\" has id {}", token, id));
  const auto [entry, is_new] = ids_.try_emplace(std::string(token), static_cast<std::int32_t>(id));
  if (!is_new)
    fail("tokenizer.id",
         fmt::format("token \"{}\" appears twice, with ids {} and {}", token, entry->second, id));
  if (static_cast<std::size_t>(id) >= tokens_.size())
    tokens_.resize(static_cast<std::size_t>(id) + 1, nullptr);
  const std::string*& place = tokens_[static_cast<std::size_t>(id)];
  if (place != nullptr)
    fail("tokenizer.id", fmt::format("id {} used by \"{}\" and \"{}\"", id, *place, token));
  place = &entry->first;
}

std::optional<std::int32_t> Vocabulary::id(std::string_view token) const {
  const auto found = ids_.find(token);
  return found == ids_.end() ? std::nullopt : std::optional(found->second);
}

const std::string* Vocabulary::token(std::int64_t id) const {
  return id >= 0 && id < static_cast<std::int64_t>(tokens_.size()) ? tokens_[static_cast<std::size_t>(id)]
                                                                   : nullptr;
}

void Vocabulary::refuse_gaps() const {
  const auto gap = std::find(tokens_.begin(), tokens_.end(), nullptr);
  if (gap == tokens_.end()) return;
  fail("tokenizer.id", fmt::format("id {} belongs to no token, but ids go up to {}", gap - tokens_.begin(),
                                   tokens_.size() - 1));
}

}  // namespace lethe::data
