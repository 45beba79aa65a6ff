#include "framework/walk/jet_walk.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

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

struct JetWalk::Way {
  const data::Pack& pack;
  const JetRequest& request;
  ops::RopeTables rope;
  ops::Jet hidden;
};

ops::LogProbJet JetWalk::forward(const data::Pack& pack, const JetRequest& request) {
  const JetPass pass{&pack, request};
  return forward(std::span(&pass, 1))[0];
}

std::vector<ops::LogProbJet> JetWalk::forward(std::span<const JetPass> passes) {
  const at::NoGradGuard no_grad;
  std::vector<Way> ways;
  for (const JetPass& pass : passes) {
    LETHE_CHECK(pass.request.moves.size() == model_.index.parameters().size(),
                "a scope of {} of {} parameters", pass.request.moves.size(),
                model_.index.parameters().size());
    ways.push_back({*pass.pack,
                    pass.request,
                    ops::rope_tables(pass.pack->positions, model_.rope_frequencies, store_.tensor_options()),
                    {}});
  }
  {
    const auto held = store_.acquire(model_.segment_of(model_.embedding));
    prefetch_layer(0);
    for (Way& way : ways) {
      if (way.pack.num_tokens() > 0)
        way.hidden = ops::embedding(weight(model_.embedding, way.request),
                                    index_tensor(way.pack.ids, store_.device()));
    }
  }
  for (int layer = 0; layer < static_cast<int>(model_.layers.size()); ++layer) {
    const auto held = store_.acquire(model_.layers[layer].segment);
    prefetch_layer(layer + 1);
    for (Way& way : ways) run_layer(model_.layers[layer], way);
  }
  const auto norm_held = store_.acquire(model_.segment_of(model_.final_norm));
  const auto head_held = store_.acquire(model_.segment_of(model_.head));
  std::vector<ops::LogProbJet> results;
  for (const Way& way : ways) results.push_back(head(way));
  return results;
}

void JetWalk::run_layer(const models::LayerParameters& layer, Way& way) const {
  if (way.pack.num_tokens() == 0) return;
  const models::Attend<ops::Jet> attend = [&](const ops::Jet& q, const ops::Jet& k, const ops::Jet& v) {
    return ops::attention(q, k, v, way.pack.document_offsets);
  };
  way.hidden =
      models::decoder_layer(model_.shape, layer_weights(layer, way.request), way.hidden, way.rope, attend);
}

ops::LogProbJet JetWalk::head(const Way& way) const {
  if (way.pack.num_scored() == 0) return no_tokens(way.request.directions.count, store_);
  const ops::Jet rows = way.hidden.rows(index_tensor(way.pack.scored_rows, store_.device()));
  const ops::Jet normed =
      ops::rms_norm(rows, weight(model_.final_norm, way.request), model_.shape.rms_norm_eps);
  return ops::log_prob(normed, weight(model_.head, way.request),
                       index_tensor(way.pack.targets, store_.device()));
}

void JetWalk::prefetch_layer(int layer) {
  const int last = static_cast<int>(model_.layers.size());
  store_.prefetch(layer < last ? model_.layers[layer].segment : model_.segment_of(model_.head));
}

}  // namespace lethe::walk
