// Keys and values of a batch of sequences of different lengths, padded to a common capacity. Internal to
// inference/.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace lethe::inference {

class KvCache {
 public:
  KvCache(int num_layers, std::int64_t sequences, std::int64_t kv_heads, std::int64_t capacity,
          std::int64_t head_dim, at::ScalarType dtype);

  // Prompts lie one after the other in k and v [tokens, kv_heads, head_dim]; offsets [sequences + 1].
  void store_prompts(int layer, const at::Tensor& k, const at::Tensor& v,
                     std::span<const std::int64_t> offsets);
  // One new token a sequence: k and v [sequences, kv_heads, head_dim] at positions `lengths`. Attends with q
  // [sequences, heads, head_dim] over everything stored -> [sequences, heads * head_dim].
  at::Tensor append_and_attend(int layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                               std::span<const std::int64_t> lengths);
  // Keeps these sequences, in this order.
  void keep(const at::Tensor& sequences);

 private:
  std::vector<at::Tensor> keys_, values_;  // by layer: [sequences, kv_heads, capacity, head_dim]
};

}  // namespace lethe::inference
