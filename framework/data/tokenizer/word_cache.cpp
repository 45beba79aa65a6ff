#include "framework/data/tokenizer/word_cache.h"

namespace lethe::data {
namespace {
constexpr std::size_t kMaxWords = 1 << 16;
constexpr std::size_t kMaxWordBytes = 128;  // longer words hardly repeat
}  // namespace

bool WordCache::append(std::string_view word, std::vector<std::int32_t>& ids) const {
  const std::lock_guard lock(mutex_);
  const auto found = known_.find(word);
  if (found == known_.end()) return false;
  ids.insert(ids.end(), found->second.begin(), found->second.end());
  return true;
}

void WordCache::remember(std::string_view word, std::vector<std::int32_t> ids) const {
  if (word.size() > kMaxWordBytes) return;
  const std::lock_guard lock(mutex_);
  if (known_.size() < kMaxWords) known_.emplace(std::string(word), std::move(ids));
}

}  // namespace lethe::data
