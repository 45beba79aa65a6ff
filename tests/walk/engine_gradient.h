// One forward and backward of the tiny engine over a group: what tests of grids, backends and waits compare.
#pragma once

#include <ATen/ATen.h>

#include <functional>

#include "framework/walk/block_walk.h"
#include "tests/support/tiny_model.h"

namespace lethe::walk::tests {

// Each rank takes every size-th document. `at_end` runs when the gradient is read, before the engine goes.
// -> [index.size()] float64, the same on every rank.
inline at::Tensor engine_gradient(
    const models::DecoderModel& model, dist::ProcessGroup& world, sharding::GridShape shape,
    sharding::StoreOptions options, const std::function<void()>& at_end = [] {}) {
  lethe::testing::TinyEngine engine(model, world, shape, options);
  BlockWalk walk(model, engine.weights);
  const auto documents = lethe::testing::tiny_documents(6, 2, model.config.vocab_size);
  std::vector<int> mine;
  for (int d = world.rank(); d < 6; d += world.size()) mine.push_back(d);
  const data::Pack pack = lethe::testing::tiny_pack(documents, mine);
  engine.gradients.zero();
  (void)walk.forward(pack, {.for_backward = true});
  walk.backward({at::ones({pack.num_scored()})}, engine.gradients);
  engine.gradients.finish();
  at::Tensor whole = lethe::testing::whole_gradient(model.index, engine.gradients);
  at_end();
  return whole;
}

}  // namespace lethe::walk::tests
