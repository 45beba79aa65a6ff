#include "framework/walk/cached_walk.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "framework/ops/rms_norm.h"
#include "framework/walk/block_walk.h"

namespace lethe::walk {

at::Tensor run_blocks(const models::DecoderModel& model, sharding::WeightStore& store, const at::Tensor& ids,
                      std::span<const std::int64_t> positions, const LayerAttend& attend) {
  const at::NoGradGuard no_grad;
  const at::TensorOptions options = store.tensor_options();
  at::Tensor hidden = at::zeros({0, model.config.hidden_size}, options);
  const bool empty = ids.numel() == 0;
  {
    const auto held = store.acquire(model.segment_of(model.embedding));
    if (!empty) hidden = at::embedding(store.slot(model.embedding), ids);
  }
  const ops::RopeTables rope = ops::rope_tables(positions, model.rope_frequencies, options);
  for (int layer = 0; layer < static_cast<int>(model.layers.size()); ++layer) {
    const auto held = store.acquire(model.layers[layer].segment);
    if (empty) continue;
    const models::Attend<at::Tensor> here = [&](const at::Tensor& q, const at::Tensor& k,
                                                const at::Tensor& v) { return attend(layer, q, k, v); };
    hidden =
        models::decoder_layer(model.shape, layer_weights(store, model.layers[layer]), hidden, rope, here);
  }
  return hidden;
}

at::Tensor logits_of(const models::DecoderModel& model, sharding::WeightStore& store,
                     const at::Tensor& hidden) {
  const at::NoGradGuard no_grad;
  const auto norm_held = store.acquire(model.segment_of(model.final_norm));
  const auto head_held = store.acquire(model.segment_of(model.head));
  const HeadWeights head = head_weights(store, model);
  const at::ScalarType wide = hidden.scalar_type() == at::kDouble ? at::kDouble : at::kFloat;
  return at::mm(ops::rms_norm(hidden, head.norm_gain, head.rms_norm_eps).to(wide), head.weight.t().to(wide));
}

}  // namespace lethe::walk
