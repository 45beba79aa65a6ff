#include "framework/walk/jet_walk.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <utility>

#include "framework/base/error.h"
#include "framework/ops/attention.h"
#include "framework/ops/embedding.h"
#include "framework/ops/rms_norm.h"
#include "framework/walk/index_tensor.h"

namespace lethe::walk {
namespace {

ops::LogProbJet no_tokens(std::int64_t directions, const sharding::WeightStore& store) {
  const auto options =
      store.tensor_options().dtype(store.options().compute == at::kDouble ? at::kDouble : at::kFloat);
  return {at::zeros({0}, options), at::zeros({directions, 0}, options), at::zeros({0}, options)};
}

}  // namespace

JetWalk::JetWalk(const models::DecoderModel& model, sharding::WeightStore& store)
    : model_(model), store_(store) {}

ops::JetWeight JetWalk::weight(int parameter, const JetRequest& request) const {
  if (parameter < 0) return {};
  return {.value = store_.slot(parameter),
          .first = model_.index.parameters()[parameter].first,
          .directions = &request.directions,
          .moves = request.moves[parameter]};
}

models::LayerWeights<ops::Jet> JetWalk::layer_weights(const models::LayerParameters& p,
                                                      const JetRequest& request) const {
  const auto of = [&](int parameter) { return weight(parameter, request); };
  return {.input_norm = of(p.input_norm),
          .q = of(p.q),
          .k = of(p.k),
          .v = of(p.v),
          .o = of(p.o),
          .q_bias = of(p.q_bias),
          .k_bias = of(p.k_bias),
          .v_bias = of(p.v_bias),
          .post_attention_norm = of(p.post_attention_norm),
          .gate = of(p.gate),
          .up = of(p.up),
          .down = of(p.down)};
}

ops::LogProbJet JetWalk::forward(const data::Pack& pack, const JetRequest& request) {
  LETHE_CHECK(request.moves.size() == model_.index.parameters().size(), "a scope of {} of {} parameters",
              request.moves.size(), model_.index.parameters().size());
  const at::NoGradGuard no_grad;
  ops::Jet hidden = embed(pack, request);
  hidden = run_layers(pack, request, std::move(hidden));
  return head(pack, request, hidden);
}

ops::Jet JetWalk::embed(const data::Pack& pack, const JetRequest& request) {
  const auto held = store_.acquire(model_.segment_of(model_.embedding));
  prefetch_layer(0);
  if (pack.num_tokens() == 0) return {};
  return ops::embedding(weight(model_.embedding, request), index_tensor(pack.ids, store_.device()));
}

ops::Jet JetWalk::run_layers(const data::Pack& pack, const JetRequest& request, ops::Jet hidden) {
  const ops::RopeTables rope =
      ops::rope_tables(pack.positions, model_.rope_frequencies, store_.tensor_options());
  const models::Attend<ops::Jet> attend = [&](const ops::Jet& q, const ops::Jet& k, const ops::Jet& v) {
    return ops::attention(q, k, v, pack.document_offsets);
  };
  for (int layer = 0; layer < static_cast<int>(model_.layers.size()); ++layer) {
    const models::LayerParameters& p = model_.layers[layer];
    const auto held = store_.acquire(p.segment);
    prefetch_layer(layer + 1);
    if (pack.num_tokens() == 0) continue;
    hidden = models::decoder_layer(model_.shape, layer_weights(p, request), hidden, rope, attend);
  }
  return hidden;
}

ops::LogProbJet JetWalk::head(const data::Pack& pack, const JetRequest& request, const ops::Jet& hidden) {
  const auto norm_held = store_.acquire(model_.segment_of(model_.final_norm));
  const auto head_held = store_.acquire(model_.segment_of(model_.head));
  if (pack.num_scored() == 0) return no_tokens(request.directions.count, store_);
  const ops::Jet rows = hidden.rows(index_tensor(pack.scored_rows, store_.device()));
  const ops::Jet normed = ops::rms_norm(rows, weight(model_.final_norm, request), model_.shape.rms_norm_eps);
  return ops::log_prob(normed, weight(model_.head, request), index_tensor(pack.targets, store_.device()));
}

void JetWalk::prefetch_layer(int layer) {
  const int last = static_cast<int>(model_.layers.size());
  store_.prefetch(layer < last ? model_.layers[layer].segment : model_.segment_of(model_.head));
}

}  // namespace lethe::walk
