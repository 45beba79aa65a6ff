// One pass over the blocks: embedding, layers, head; for training, scoring and evaluation. A block's weights
// are gathered when it runs and released after; each block has a local autograd graph and none spans blocks.
// Backward is the same list in reverse. A rank with an empty pack still gathers, so that every rank joins
// every collective.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "framework/data/packing.h"
#include "framework/models/decoder_model.h"
#include "framework/sharding/gradient_store.h"
#include "framework/sharding/weight_store.h"
#include "framework/walk/head.h"

namespace lethe::walk {

struct WalkOptions {
  bool recompute =
      false;  // activation checkpointing: keep a block's input only and run it again in the backward
  HeadOptions head;
};

struct PassRequest {
  std::vector<std::string> statistics = {"log_prob"};
  const sharding::WeightSource* source = nullptr;  // null: the weights as they are
  bool for_backward = false;
};

// The slots of a block's parameters; readable while its segments are held.
[[nodiscard]] models::LayerWeights<at::Tensor> layer_weights(const sharding::WeightStore& store,
                                                             const models::LayerParameters& p);
[[nodiscard]] HeadWeights head_weights(const sharding::WeightStore& store, const models::DecoderModel& model);

class BlockWalk {
 public:
  BlockWalk(const models::DecoderModel& model, sharding::WeightStore& store, WalkOptions options = {});

  // -> one tensor [scored] for each statistic asked for, in that order.
  std::vector<at::Tensor> forward(const data::Pack& pack, const PassRequest& request);
  const sharding::WeightStore& store() const noexcept { return store_; }
  const models::DecoderModel& model() const noexcept { return model_; }
  // After a forward with for_backward: adds the gradients of sum_k <upstream_k, statistic_k> to the store.
  void backward(const std::vector<at::Tensor>& upstream, sharding::GradientStore& gradients);

 private:
  struct Kept {                // of one layer, until its backward
    at::Tensor input, output;  // output undefined where the block is run again
  };
  at::Tensor embed(const at::Tensor& ids);
  at::Tensor run_layer(int layer, const at::Tensor& input);
  void layer_backward(int layer, at::Tensor& hidden_gradient, sharding::GradientStore& gradients);
  void head_backward(const std::vector<at::Tensor>& upstream, at::Tensor& hidden_gradient,
                     sharding::GradientStore& gradients);
  void embedding_backward(const at::Tensor& hidden_gradient, sharding::GradientStore& gradients);
  void prefetch_layer(int layer);

  const models::DecoderModel& model_;
  sharding::WeightStore& store_;
  WalkOptions options_;
  // Of the pass under way.
  const data::Pack* pack_ = nullptr;
  const sharding::WeightSource* source_ = nullptr;
  ops::RopeTables rope_;
  at::Tensor ids_;
  std::vector<Kept> kept_;
  std::unique_ptr<Head> head_;
};

}  // namespace lethe::walk
