// The arithmetic of a Llama-shaped decoder layer, written once over a value type: at::Tensor for training and
// generation, ops::Jet for second-order scoring. A family is names, shapes and the switches of DecoderShape.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

#include "framework/ops/jet.h"
#include "framework/ops/rope.h"

namespace lethe::models {

struct DecoderShape {
  std::int64_t num_heads = 1, num_kv_heads = 1, head_dim = 1;
  double rms_norm_eps = 1e-5;
};

// How queries find keys: inside a stream's documents (training, scoring), or in a cache as well (generation).
// q [tokens, heads, head_dim], k and v [tokens, kv_heads, head_dim], positions already rotated in -> [tokens,
// heads * head_dim].
template <class Value>
using Attend = std::function<Value(const Value& q, const Value& k, const Value& v)>;

template <class Value>
struct LayerWeights {
  using Weight = typename ops::WeightOf<Value>::Type;
  Weight input_norm;              // [hidden]
  Weight q, k, v, o;              // [heads * head_dim, hidden] … [hidden, heads * head_dim]
  Weight q_bias, k_bias, v_bias;  // undefined where the family has none
  Weight post_attention_norm;     // [hidden]
  Weight gate, up, down;          // [intermediate, hidden] x 2, [hidden, intermediate]
};

// The linear maps of a layer, in the order of their use.
enum class Projection : std::uint8_t { q, k, v, o, gate, up, down };
inline constexpr std::size_t kNumProjections = 7;

// How a layer multiplies with a weight: x [tokens, in] -> [tokens, out]. Who keeps or hands back products
// (walk/kept_layer.h) gives one; an empty function is ops::linear.
template <class Value>
using Project =
    std::function<Value(Projection, const Value& x, const typename ops::WeightOf<Value>::Type& weight,
                        const typename ops::WeightOf<Value>::Type& bias)>;

// hidden [tokens, hidden] -> the same shape: x + attention(norm(x)), then + mlp(norm(.)).
template <class Value>
[[nodiscard]] Value decoder_layer(const DecoderShape& shape, const LayerWeights<Value>& weights,
                                  const Value& hidden, const ops::RopeTables& rope,
                                  const Attend<Value>& attend, const Project<Value>& project = {});

extern template at::Tensor decoder_layer(const DecoderShape&, const LayerWeights<at::Tensor>&,
                                         const at::Tensor&, const ops::RopeTables&, const Attend<at::Tensor>&,
                                         const Project<at::Tensor>&);
extern template ops::Jet decoder_layer(const DecoderShape&, const LayerWeights<ops::Jet>&, const ops::Jet&,
                                       const ops::RopeTables&, const Attend<ops::Jet>&,
                                       const Project<ops::Jet>&);

}  // namespace lethe::models
