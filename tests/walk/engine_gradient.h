// One forward and backward of the tiny engine over a group: what tests of grids, backends and waits compare.
#pragma once

#include <ATen/ATen.h>

#include "framework/walk/block_walk.h"
#include "tests/support/tiny_model.h"

namespace lethe::walk::tests {

// Forward and backward; each rank takes every size-th document. Gives this rank's log-probabilities.
// Reductions may still be under way.
inline at::Tensor run_engine(lethe::testing::TinyEngine& engine, const models::DecoderModel& model,
                             dist::ProcessGroup& world) {
  BlockWalk walk(model, engine.weights);
  const auto documents = lethe::testing::tiny_documents(6, 2, model.config.vocab_size);
  std::vector<int> mine;
  for (int d = world.rank(); d < 6; d += world.size()) mine.push_back(d);
  const data::Pack pack = lethe::testing::tiny_pack(documents, mine);
  engine.gradients.zero();
  const at::Tensor log_prob = walk.forward(pack, {.for_backward = true})[0];
  walk.backward({at::ones({pack.num_scored()})}, engine.gradients);
  return log_prob;
}

struct EngineStep {
  at::Tensor gradient;  // [index.size()] float64, the same on every rank
  double loss = 0;      // summed over the ranks
};
inline EngineStep engine_step(const models::DecoderModel& model, dist::ProcessGroup& world,
                              sharding::GridShape shape, sharding::StoreOptions options) {
  lethe::testing::TinyEngine engine(model, world, shape, options);
  double loss = -run_engine(engine, model, world).sum().item<double>();
  engine.gradients.finish();
  world.all_reduce({&loss, 1, dist::DType::f64});
  return {lethe::testing::whole_gradient(model.index, engine.gradients), loss};
}

inline at::Tensor engine_gradient(const models::DecoderModel& model, dist::ProcessGroup& world,
                                  sharding::GridShape shape, sharding::StoreOptions options) {
  return engine_step(model, world, shape, options).gradient;
}

}  // namespace lethe::walk::tests
