#include "framework/sharding/shard_layout.h"

#include <algorithm>

namespace lethe::sharding {
namespace {

constexpr std::uint64_t kAlignment = 64;  // elements: parts begin on cache lines in every dtype

}  // namespace

ShardLayout::ShardLayout(const models::ParameterIndex& index, int shard_size)
    : index_(&index), shard_size_(shard_size) {
  const std::uint64_t unit = kAlignment * static_cast<std::uint64_t>(shard_size);
  for (const models::Segment& segment : index.segments())
    part_sizes_.push_back((segment.count + unit - 1) / unit * kAlignment);
}

std::uint64_t ShardLayout::largest_padded_size() const {
  return *std::max_element(part_sizes_.begin(), part_sizes_.end()) * shard_size_;
}

std::uint64_t ShardLayout::scratch_size(int segment) const {
  constexpr std::uint64_t kSmall = 16;
  const std::uint64_t own = index_->segments()[segment].count, largest = largest_padded_size();
  return own * kSmall < largest ? own : largest;
}

ShardPart ShardLayout::part(int segment, int shard_rank) const {
  const models::Segment& whole = index_->segments()[segment];
  const std::uint64_t begin = std::min(part_sizes_[segment] * shard_rank, whole.count);
  const std::uint64_t end = std::min(begin + part_sizes_[segment], whole.count);
  return {.first = whole.first + begin, .valid = end - begin};
}

}  // namespace lethe::sharding
