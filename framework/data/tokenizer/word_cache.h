// Remembers the ids of words: text repeats its words, and merging is what costs. Bounded; shared between
// threads.
#pragma once

#include <cstdint>
#include <mutex>
#include <string_view>
#include <vector>

#include "framework/data/tokenizer/vocabulary.h"

namespace lethe::data {

class WordCache {
 public:
  // Appends the ids of `word` if they are known.
  bool append(std::string_view word, std::vector<std::int32_t>& ids) const;
  void remember(std::string_view word, std::vector<std::int32_t> ids) const;

 private:
  mutable std::mutex mutex_;
  mutable TextMap<std::vector<std::int32_t>> known_;
};

}  // namespace lethe::data
