// One forward and backward of the tiny engine over a group: what tests of grids, backends and waits compare.
#pragma once

#include <ATen/ATen.h>

#include "framework/walk/block_walk.h"
#include "tests/support/tiny_model.h"

namespace lethe::walk::tests {

// Forward and backward; each rank takes every size-th document. Reductions may still be under way.
inline void run_engine(lethe::testing::TinyEngine& engine, const models::DecoderModel& model,
                       dist::ProcessGroup& world) {
  BlockWalk walk(model, engine.weights);
  const auto documents = lethe::testing::tiny_documents(6, 2, model.config.vocab_size);
  std::vector<int> mine;
  for (int d = world.rank(); d < 6; d += world.size()) mine.push_back(d);
  const data::Pack pack = lethe::testing::tiny_pack(documents, mine);
  engine.gradients.zero();
  (void)walk.forward(pack, {.for_backward = true});
  walk.backward({at::ones({pack.num_scored()})}, engine.gradients);
}

// -> [index.size()] float64, the same on every rank.
inline at::Tensor engine_gradient(const models::DecoderModel& model, dist::ProcessGroup& world,
                                  sharding::GridShape shape, sharding::StoreOptions options) {
  lethe::testing::TinyEngine engine(model, world, shape, options);
  run_engine(engine, model, world);
  engine.gradients.finish();
  return lethe::testing::whole_gradient(model.index, engine.gradients);
}

}  // namespace lethe::walk::tests
