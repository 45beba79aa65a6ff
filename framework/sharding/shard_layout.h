// Who owns which elements. Each segment is one flat range, cut into equal parts, one for each rank of the
// shard group. The last part is padded so that all are equal; padding has no canonical index and is invisible
// to noise, checkpoints and hashes.
#pragma once

#include <cstdint>
#include <vector>

#include "framework/models/parameter_index.h"

namespace lethe::sharding {

struct ShardPart {
  std::uint64_t first = 0;  // canonical index of the first element
  std::uint64_t valid = 0;  // logical elements; the rest of the part is padding
};

class ShardLayout {
 public:
  ShardLayout(const models::ParameterIndex& index, int shard_size);

  int shard_size() const noexcept { return shard_size_; }
  std::uint64_t part_size(int segment) const { return part_sizes_[segment]; }  // elements, padding included
  std::uint64_t padded_size(int segment) const { return part_sizes_[segment] * shard_size_; }
  std::uint64_t largest_padded_size() const;
  // Of the buffer that a copy of the whole segment lies in: one of the largest segment's serves all in turn,
  // but a small segment, which may be seen beside another one, has its own.
  std::uint64_t scratch_size(int segment) const;
  ShardPart part(int segment, int shard_rank) const;
  const models::ParameterIndex& index() const noexcept { return *index_; }

 private:
  const models::ParameterIndex* index_;
  int shard_size_;
  std::vector<std::uint64_t> part_sizes_;
};

}  // namespace lethe::sharding
