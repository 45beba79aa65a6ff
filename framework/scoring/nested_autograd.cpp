#include "framework/scoring/nested_autograd.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

#include "framework/base/error.h"
#include "framework/ops/rms_norm.h"
#include "framework/walk/index_tensor.h"

namespace lethe::scoring {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

// Written out: the fused kernel has no second derivative.
at::Tensor document_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
  const std::int64_t length = q.size(0), repeats = q.size(1) / k.size(1);
  const auto heads = [](const at::Tensor& x, std::int64_t times) {
    return x.transpose(0, 1).repeat_interleave(times, 0);
  };
  const at::Tensor scores =
      at::matmul(heads(q, 1), heads(k, repeats).transpose(1, 2)) / std::sqrt(static_cast<double>(q.size(2)));
  const at::Tensor later = at::ones({length, length}, q.options().dtype(at::kBool)).triu(1);
  const at::Tensor p = at::softmax(scores.masked_fill(later, kMinusInfinity), -1);
  return at::matmul(p, heads(v, repeats)).transpose(0, 1).reshape({length, -1});
}

models::Attend<at::Tensor> attend_in(const data::Pack& pack) {
  return [&pack](const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
    std::vector<at::Tensor> outputs;
    for (std::size_t i = 0; i + 1 < pack.document_offsets.size(); ++i) {
      const std::int64_t first = pack.document_offsets[i], length = pack.document_offsets[i + 1] - first;
      const auto part = [&](const at::Tensor& x) { return x.narrow(0, first, length); };
      outputs.push_back(document_attention(part(q), part(k), part(v)));
    }
    return at::cat(outputs);
  };
}

// W + eps Z_d of every parameter.
std::vector<at::Tensor> moved_weights(const models::DecoderModel& model, const sharding::WeightStore& store,
                                      const walk::JetRequest& request, std::int64_t d,
                                      const at::Tensor& eps) {
  std::vector<at::Tensor> weights;
  for (std::size_t i = 0; i < model.index.parameters().size(); ++i) {
    const ops::JetWeight w{.value = store.slot(static_cast<int>(i)).detach(),
                           .first = model.index.parameters()[i].first,
                           .directions = &request.directions};
    weights.push_back(request.moves[i] ? w.value + eps * w.direction(d, at::kDouble) : w.value);
  }
  return weights;
}

at::Tensor margin_log_prob(const at::Tensor& logits, const at::Tensor& targets) {
  const at::Tensor column = targets.unsqueeze(1), target = logits.gather(1, column);
  const at::Tensor others = at::logsumexp((logits - target).scatter(1, column, kMinusInfinity), 1);
  return at::log_sigmoid(-others);
}

// [scored], of a model whose weights are `w` by parameter number.
at::Tensor log_prob(const models::DecoderModel& model, const data::Pack& pack,
                    const std::vector<at::Tensor>& w) {
  const auto get = [&](int p) { return p < 0 ? at::Tensor() : w[p]; };
  const auto index = [&](const std::vector<std::int64_t>& values) {
    return walk::index_tensor(values, w[model.head].device());
  };
  const ops::RopeTables rope =
      ops::rope_tables(pack.positions, model.rope_frequencies, w[model.head].options());
  at::Tensor hidden = at::embedding(w[model.embedding], index(pack.ids));
  for (const models::LayerParameters& p : model.layers) {
    const models::LayerWeights<at::Tensor> layer{get(p.input_norm), get(p.q),      get(p.k),
                                                 get(p.v),          get(p.o),      get(p.q_bias),
                                                 get(p.k_bias),     get(p.v_bias), get(p.post_attention_norm),
                                                 get(p.gate),       get(p.up),     get(p.down)};
    hidden = models::decoder_layer(model.shape, layer, hidden, rope, attend_in(pack));
  }
  const at::Tensor rows = hidden.index_select(0, index(pack.scored_rows));
  const at::Tensor normed = ops::rms_norm(rows, w[model.final_norm], model.shape.rms_norm_eps);
  return margin_log_prob(at::mm(normed, w[model.head].t()), index(pack.targets));
}

}  // namespace

ops::LogProbJet nested_log_prob(const models::DecoderModel& model, sharding::WeightStore& store,
                                const data::Pack& pack, const walk::JetRequest& request) {
  LETHE_CHECK(store.options().compute == at::kDouble, "nested differentiation runs in float64");
  std::vector<sharding::WeightStore::Lease> held;
  for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s) held.push_back(store.acquire(s));
  const std::int64_t directions = request.directions.count, scored = pack.num_scored();
  const at::TensorOptions options = store.tensor_options();
  ops::LogProbJet result{at::zeros({scored}, options), at::zeros({directions, scored}, options),
                         at::zeros({scored}, options)};
  const at::AutoGradMode grad_mode(true);
  for (std::int64_t d = 0; d < directions && scored > 0; ++d) {
    const at::Tensor eps = at::zeros({}, options).requires_grad_(true);
    const at::Tensor p = log_prob(model, pack, moved_weights(model, store, request, d, eps));
    result.value.copy_(p.detach());
    for (std::int64_t t = 0; t < scored; ++t) {
      const at::Tensor first = torch::autograd::grad({p[t]}, {eps}, {}, true, true)[0];
      result.first[d][t].copy_(first.detach());
      result.second[t].add_(torch::autograd::grad({first}, {eps}, {}, true)[0]);
    }
  }
  return result;
}

}  // namespace lethe::scoring
