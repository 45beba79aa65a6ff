#include "framework/walk/block_walk.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include "framework/base/error.h"
#include "framework/ops/attention.h"

namespace lethe::walk {

BlockWalk::BlockWalk(const models::DecoderModel& model, sharding::WeightStore& store, WalkOptions options)
    : model_(model), store_(store), options_(options) {}

std::vector<at::Tensor> BlockWalk::forward(const data::Pack& pack, const PassRequest& request) {
  pack_ = &pack;
  source_ = request.source;
  kept_.clear();
  const bool empty = pack.num_tokens() == 0;
  const at::TensorOptions options = at::TensorOptions(store_.options().compute);
  at::Tensor hidden = at::zeros({0, model_.config.hidden_size}, options);
  const at::NoGradGuard no_grad;
  {
    const auto held = store_.acquire(model_.segment_of(model_.embedding), source_);
    prefetch_layer(0);
    if (!empty) {
      rope_ = ops::rope_tables(pack.positions, model_.rope_frequencies, options);
      ids_ = at::from_blob(const_cast<std::int64_t*>(pack.ids.data()), {pack.num_tokens()}, at::kLong);
      hidden = embed(ids_);
    }
  }
  for (int layer = 0; layer < static_cast<int>(model_.layers.size()); ++layer) {
    const auto held = store_.acquire(model_.layers[layer].segment, source_);
    prefetch_layer(layer + 1);
    if (empty) continue;
    const bool keep_graph = request.for_backward && !options_.recompute;
    at::Tensor input = hidden.detach().requires_grad_(keep_graph);
    {
      const at::AutoGradMode grad_mode(keep_graph);
      hidden = run_layer(layer, input);
    }
    if (request.for_backward) kept_.push_back({input, keep_graph ? hidden : at::Tensor()});
  }
  const auto norm_held = store_.acquire(model_.segment_of(model_.final_norm), source_);
  const auto head_held = store_.acquire(model_.segment_of(model_.head), source_);
  head_ = std::make_unique<Head>(options_.head, request.statistics);
  if (empty)
    return std::vector<at::Tensor>(
        request.statistics.size(),
        at::zeros({0}, options.dtype(options.dtype() == at::kDouble ? at::kDouble : at::kFloat)));
  return head_->forward(head_weights(store_, model_), hidden, pack, request.for_backward);
}

void BlockWalk::backward(const std::vector<at::Tensor>& upstream, sharding::GradientStore& gradients) {
  at::Tensor hidden_gradient;
  head_backward(upstream, hidden_gradient, gradients);
  for (int layer = static_cast<int>(model_.layers.size()) - 1; layer >= 0; --layer)
    layer_backward(layer, hidden_gradient, gradients);
  embedding_backward(hidden_gradient, gradients);
  kept_.clear();
  head_.reset();
}

at::Tensor BlockWalk::embed(const at::Tensor& ids) {
  return at::embedding(store_.slot(model_.embedding), ids);
}

at::Tensor BlockWalk::run_layer(int layer, const at::Tensor& input) {
  const models::Attend<at::Tensor> attend = [this](const at::Tensor& q, const at::Tensor& k,
                                                   const at::Tensor& v) {
    return ops::attention(q, k, v, pack_->document_offsets);
  };
  return models::decoder_layer(model_.shape, layer_weights(store_, model_.layers[layer]), input, rope_,
                               attend);
}

models::LayerWeights<at::Tensor> layer_weights(const sharding::WeightStore& store,
                                               const models::LayerParameters& p) {
  const auto slot = [&](int parameter) { return parameter < 0 ? at::Tensor() : store.slot(parameter); };
  return {.input_norm = slot(p.input_norm),
          .q = slot(p.q),
          .k = slot(p.k),
          .v = slot(p.v),
          .o = slot(p.o),
          .q_bias = slot(p.q_bias),
          .k_bias = slot(p.k_bias),
          .v_bias = slot(p.v_bias),
          .post_attention_norm = slot(p.post_attention_norm),
          .gate = slot(p.gate),
          .up = slot(p.up),
          .down = slot(p.down)};
}

HeadWeights head_weights(const sharding::WeightStore& store, const models::DecoderModel& model) {
  return {.norm_gain = store.slot(model.final_norm),
          .weight = store.slot(model.head),
          .rms_norm_eps = model.shape.rms_norm_eps};
}

void BlockWalk::prefetch_layer(int layer) {
  const int last = static_cast<int>(model_.layers.size());
  if (layer < 0) return;
  store_.prefetch(layer < last ? model_.layers[layer].segment : model_.segment_of(model_.head), source_);
}

void BlockWalk::head_backward(const std::vector<at::Tensor>& upstream, at::Tensor& hidden_gradient,
                              sharding::GradientStore& gradients) {
  const int norm_segment = model_.segment_of(model_.final_norm),
            head_segment = model_.segment_of(model_.head);
  const auto norm_held = store_.acquire(norm_segment, source_);
  const auto head_held = store_.acquire(head_segment, source_);
  prefetch_layer(static_cast<int>(model_.layers.size()) - 1);
  const bool empty = pack_->num_tokens() == 0;
  at::Tensor norm_gradient;
  gradients.open(head_segment);
  if (!empty) {
    norm_gradient = at::zeros({model_.config.hidden_size}, gradients.view(model_.head).options());
    hidden_gradient = head_->backward(head_weights(store_, model_), upstream,
                                      {.norm_gain = norm_gradient, .weight = gradients.view(model_.head)});
  }
  gradients.close();
  gradients.open(norm_segment);
  if (!empty) gradients.view(model_.final_norm).add_(norm_gradient);
  gradients.close();
}

void BlockWalk::layer_backward(int layer, at::Tensor& hidden_gradient, sharding::GradientStore& gradients) {
  const models::LayerParameters& p = model_.layers[layer];
  const auto held = store_.acquire(p.segment, source_);
  prefetch_layer(layer - 1);
  gradients.open(p.segment);
  if (pack_->num_tokens() > 0) {
    Kept kept = std::move(kept_[layer]);
    if (!kept.output.defined()) {
      const at::AutoGradMode grad_mode(true);
      kept.input = kept.input.detach().requires_grad_(true);
      kept.output = run_layer(layer, kept.input);
    }
    std::vector<at::Tensor> inputs = {kept.input};
    std::vector<int> parameters;
    for (const int parameter : {p.input_norm, p.q, p.k, p.v, p.o, p.q_bias, p.k_bias, p.v_bias,
                                p.post_attention_norm, p.gate, p.up, p.down}) {
      if (parameter < 0) continue;
      parameters.push_back(parameter);
      inputs.push_back(store_.slot(parameter));
    }
    const auto results = torch::autograd::grad({kept.output}, inputs, {hidden_gradient});
    hidden_gradient = results[0];
    for (std::size_t i = 0; i < parameters.size(); ++i) gradients.view(parameters[i]).add_(results[i + 1]);
  }
  gradients.close();
}

void BlockWalk::embedding_backward(const at::Tensor& hidden_gradient, sharding::GradientStore& gradients) {
  // The gradient of a lookup needs the ids only, so the embedding is not gathered again.
  gradients.open(model_.segment_of(model_.embedding));
  if (pack_->num_tokens() > 0) {
    at::Tensor view = gradients.view(model_.embedding);
    view.index_add_(0, ids_, hidden_gradient.to(view.scalar_type()));
  }
  gradients.close();
}

}  // namespace lethe::walk
