#include "framework/sharding/grid.h"

#include "framework/base/error.h"

namespace lethe::sharding {

GridShape grid_shape(int zero, int shard, int world_size) {
  if (zero < 0 || zero > 3)
    fail("config.range", fmt::format("parallel.zero must be 0, 1, 2 or 3, got {}", zero));
  if (zero == 0) return {};
  const int size = shard == 0 ? world_size : shard;
  if (size < 1 || world_size % size != 0)
    fail("config.conflict",
         fmt::format("parallel.shard: {} ranks a shard group do not divide a world of {}", size, world_size),
         "choose a divisor of the number of ranks, or `shard: world`");
  return {.zero = zero, .shard_size = size};
}

Grid::Grid(dist::ProcessGroup& world, GridShape shape, Placement placement)
    : world_(world), shape_(shape), placement_(placement) {
  const int group = world.rank() / shape.shard_size, place = world.rank() % shape.shard_size;
  dist::ProcessGroup& data = placement.data_plane == nullptr ? world : *placement.data_plane;
  gather_ = data.split(group, place);
  reduce_ = data.split(group, place);
  replica_ = data.split(place, group);
  if (placement.data_plane != nullptr) shard_ = world.split(group, place);
}

}  // namespace lethe::sharding
