// One pass over the blocks: embedding, layers, head; for training, scoring and evaluation. A block's weights
// are gathered when it runs and released after; each block has a local autograd graph and none spans blocks.
// Backward is the same list in reverse. A pass may hold several packs: each block is gathered once and runs
// all of them, one after the other, in shapes of their own. A rank with an empty pack, or none, still
// gathers, so that every rank joins every collective.
#pragma once

#include <ATen/core/Tensor.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/data/packing.h"
#include "framework/models/decoder_model.h"
#include "framework/sharding/gradient_store.h"
#include "framework/sharding/weight_store.h"
#include "framework/walk/head.h"
#include "framework/walk/kept_layer.h"

namespace lethe::walk {

struct WalkOptions {
  Recompute recompute = Recompute::none;
  bool offload_inputs = false;  // with a recompute that keeps inputs: they lie in the host's memory
  HeadOptions head;
};

// How the head reads one pack, where it does not read every scored row for every statistic.
struct PackReads {
  std::vector<RowRange> ranges;              // of which scored rows each statistic; empty: of all
  const ReferenceRows* reference = nullptr;  // for statistics that need the frozen model's logits
};

struct PassRequest {
  std::vector<std::string> statistics = {"log_prob"};
  const sharding::WeightSource* source = nullptr;  // null: the weights as they are
  // By pack, where each sees the weights its own way (WeightStore::can_view): every block is gathered once
  // for all. Neighbours that share a source share its copy of the block. Not for a backward; empty: `source`.
  std::span<const sharding::WeightSource* const> sources = {};
  bool for_backward = false;
  int first_kept_layer = 0;  // layers below keep nothing for the backward: what is trained lies above
  std::span<const PackReads> reads = {};  // by pack; empty: every row
  int tap_layer = -1;                     // the layer whose output tap() gives at the scored rows; -1: none
  bool normed = false;                    // normed() gives the head's input at the scored rows
};

// One statistic after the other, [scored] each.
using Statistics = std::vector<at::Tensor>;

// The slots of a block's parameters; readable while its segments are held.
[[nodiscard]] models::LayerWeights<at::Tensor> layer_weights(const sharding::WeightStore& store,
                                                             const models::LayerParameters& p);
[[nodiscard]] HeadWeights head_weights(const sharding::WeightStore& store, const models::DecoderModel& model);

// The lowest layer that holds a trained parameter; -1 where the embedding does; one past the last layer where
// only the head is trained.
[[nodiscard]] int lowest_trained_layer(const models::DecoderModel& model,
                                       const sharding::GradientStore& gradients);

class BlockWalk {
 public:
  BlockWalk(const models::DecoderModel& model, sharding::WeightStore& store, WalkOptions options = {});

  // -> one tensor [rows] for each statistic asked for, in that order. The pack lives until the backward.
  // Where nothing asks for more than a tap the pass ends behind its layer.
  Statistics forward(const data::Pack& pack, const PassRequest& request);
  // The same for several packs, by pack.
  std::vector<Statistics> forward(std::span<const data::Pack> packs, const PassRequest& request);
  // Of a pack of the last forward: the residual stream behind tap_layer at the scored rows, [scored, width];
  // the head's input behind the final norm, [scored, width].
  const at::Tensor& tap(std::size_t pack = 0) const { return passes_[pack].tap; }
  at::Tensor normed(std::size_t pack = 0) const;
  // After a forward with for_backward: adds the gradients of sum_k <upstream_k, statistic_k> to the store.
  // Nothing below the lowest block that the store trains is walked.
  void backward(const Statistics& upstream, sharding::GradientStore& gradients);
  // By pack; leaves: their numbers for GradientStore::begin_leaf. taps: d(loss)/d(tap) by pack, undefined
  // where there is none; empty without a tap.
  void backward(std::span<const Statistics> upstream, std::span<const int> leaves,
                sharding::GradientStore& gradients, std::span<const at::Tensor> taps = {});

  sharding::WeightStore& store() noexcept { return store_; }
  const sharding::WeightStore& store() const noexcept { return store_; }
  const models::DecoderModel& model() const noexcept { return model_; }

 private:
  struct Pass {  // one pack's way through the blocks
    const data::Pack* pack = nullptr;
    int leaf = 0;
    ops::RopeTables rope;
    at::Tensor ids, hidden;  // [tokens]; [tokens, width], in the backward its gradient
    at::Tensor tap, tap_rows;
    std::vector<KeptLayer> kept;  // by layer
    std::unique_ptr<Head> head;
    bool empty() const { return pack->num_tokens() == 0; }
  };
  void check_ids(const data::Pack& pack) const;
  void begin(Pass& pass);
  void run_layer_forward(int layer, Pass& pass, const PassRequest& request);
  void keep_input(KeptLayer& kept, const at::Tensor& input);
  void run_again(int layer, const Pass& pass, KeptLayer& kept);
  void fetch_inputs(int layer);
  std::optional<sharding::WeightStore::Lease> hold(int segment);
  template <class Run>
  void each_pass(std::initializer_list<int> segments, const PassRequest& request, const Run& run);
  int last_layer(const PassRequest& request) const;
  void take_tap(Pass& pass) const;
  void start_backward_at_tap(sharding::GradientStore& gradients);
  void tap_backward(std::span<const at::Tensor> taps);
  void skip_segment(int segment, sharding::GradientStore& gradients);
  HeadOptions head_options() const;
  Statistics run_head(Pass& pass, const PassRequest& request, const PackReads& reads);
  at::Tensor run_layer(int layer, const Pass& pass, const at::Tensor& input,
                       const models::Project<at::Tensor>& project = {}) const;
  void layer_backward(int layer, bool goes_on, sharding::GradientStore& gradients);
  void pass_layer_backward(int layer, bool goes_on, Pass& pass, sharding::GradientStore& gradients);
  void head_backward(std::span<const Statistics> upstream, bool goes_on, sharding::GradientStore& gradients);
  void embedding_backward(sharding::GradientStore& gradients);
  void prefetch_layer(int layer);

  const models::DecoderModel& model_;
  sharding::WeightStore& store_;
  WalkOptions options_;
  std::unique_ptr<HostInputs> host_inputs_;         // where inputs are offloaded
  const sharding::WeightSource* source_ = nullptr;  // of the pass under way
  bool holds_ = true;  // false where every pack sees copies of masters that this rank has whole
  int tap_layer_ = -1, last_layer_ = -1;
  bool with_head_ = true;  // false where the pass ends at a tap
  std::vector<Pass> passes_;
};

}  // namespace lethe::walk
