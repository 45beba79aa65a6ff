#include "framework/models/decoder.h"

#include "framework/ops/linear.h"
#include "framework/ops/rms_norm.h"
#include "framework/ops/swiglu.h"

namespace lethe::models {
namespace {

template <class Value>
Value attention_part(const DecoderShape& shape, const LayerWeights<Value>& w, const Value& x,
                     const ops::RopeTables& rope, const Attend<Value>& attend) {
  const std::int64_t tokens = x.size(0);
  const auto heads = [&](const Value& y, std::int64_t count) {
    return y.view({tokens, count, shape.head_dim});
  };
  const Value q = ops::rope(heads(ops::linear(x, w.q, w.q_bias), shape.num_heads), rope);
  const Value k = ops::rope(heads(ops::linear(x, w.k, w.k_bias), shape.num_kv_heads), rope);
  const Value v = heads(ops::linear(x, w.v, w.v_bias), shape.num_kv_heads);
  return ops::linear(attend(q, k, v), w.o);
}

template <class Value>
Value mlp_part(const LayerWeights<Value>& w, const Value& x) {
  return ops::linear(ops::swiglu(ops::linear(x, w.gate), ops::linear(x, w.up)), w.down);
}

}  // namespace

template <class Value>
Value decoder_layer(const DecoderShape& shape, const LayerWeights<Value>& w, const Value& hidden,
                    const ops::RopeTables& rope, const Attend<Value>& attend) {
  const Value middle =
      hidden +
      attention_part(shape, w, ops::rms_norm(hidden, w.input_norm, shape.rms_norm_eps), rope, attend);
  return middle + mlp_part(w, ops::rms_norm(middle, w.post_attention_norm, shape.rms_norm_eps));
}

template at::Tensor decoder_layer(const DecoderShape&, const LayerWeights<at::Tensor>&, const at::Tensor&,
                                  const ops::RopeTables&, const Attend<at::Tensor>&);
template ops::Jet decoder_layer(const DecoderShape&, const LayerWeights<ops::Jet>&, const ops::Jet&,
                                const ops::RopeTables&, const Attend<ops::Jet>&);

}  // namespace lethe::models
