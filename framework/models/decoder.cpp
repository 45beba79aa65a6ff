#include "framework/models/decoder.h"

#include "framework/ops/linear.h"
#include "framework/ops/rms_norm.h"
#include "framework/ops/swiglu.h"

namespace lethe::models {
namespace {

template <class Value>
Project<Value> or_linear(const Project<Value>& project) {
  using Weight = typename ops::WeightOf<Value>::Type;
  if (project) return project;
  return [](Projection, const Value& x, const Weight& weight, const Weight& bias) {
    return ops::linear(x, weight, bias);
  };
}

template <class Value>
Value attention_part(const DecoderShape& shape, const LayerWeights<Value>& w, const Value& x,
                     const ops::RopeTables& rope, const Attend<Value>& attend,
                     const Project<Value>& project) {
  const std::int64_t tokens = x.size(0);
  const auto heads = [&](const Value& y, std::int64_t count) {
    return y.view({tokens, count, shape.head_dim});
  };
  const Value q = ops::rope(heads(project(Projection::q, x, w.q, w.q_bias), shape.num_heads), rope);
  const Value k = ops::rope(heads(project(Projection::k, x, w.k, w.k_bias), shape.num_kv_heads), rope);
  const Value v = heads(project(Projection::v, x, w.v, w.v_bias), shape.num_kv_heads);
  return project(Projection::o, attend(q, k, v), w.o, {});
}

template <class Value>
Value mlp_part(const LayerWeights<Value>& w, const Value& x, const Project<Value>& project) {
  const Value gate = project(Projection::gate, x, w.gate, {});
  const Value up = project(Projection::up, x, w.up, {});
  return project(Projection::down, ops::swiglu(gate, up), w.down, {});
}

}  // namespace

template <class Value>
Value decoder_layer(const DecoderShape& shape, const LayerWeights<Value>& w, const Value& hidden,
                    const ops::RopeTables& rope, const Attend<Value>& attend, const Project<Value>& given) {
  const Project<Value> project = or_linear(given);
  const Value middle =
      hidden + attention_part(shape, w, ops::rms_norm(hidden, w.input_norm, shape.rms_norm_eps), rope, attend,
                              project);
  return middle + mlp_part(w, ops::rms_norm(middle, w.post_attention_norm, shape.rms_norm_eps), project);
}

template at::Tensor decoder_layer(const DecoderShape&, const LayerWeights<at::Tensor>&, const at::Tensor&,
                                  const ops::RopeTables&, const Attend<at::Tensor>&,
                                  const Project<at::Tensor>&);
template ops::Jet decoder_layer(const DecoderShape&, const LayerWeights<ops::Jet>&, const ops::Jet&,
                                const ops::RopeTables&, const Attend<ops::Jet>&, const Project<ops::Jet>&);

}  // namespace lethe::models
