// Keys and values of a batch of sequences of different lengths, padded to a common capacity. The first `live`
// rows are in use; a sequence that ends gives its row to the last one. Internal to inference/.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace lethe::inference {

class KvCache {
 public:
  KvCache(int num_layers, std::int64_t sequences, std::int64_t kv_heads, std::int64_t capacity,
          std::int64_t head_dim, const at::TensorOptions& options);

  // Prompts lie one after the other in k and v [tokens, kv_heads, head_dim]; offsets [sequences + 1].
  void store_prompts(int layer, const at::Tensor& k, const at::Tensor& v,
                     std::span<const std::int64_t> offsets);
  // Before the layers of a step: places and mask of one new token for each live sequence, at positions
  // `lengths`.
  void begin_step(std::span<const std::int64_t> lengths);
  // k and v [live, kv_heads, head_dim] are stored; q [live, heads, head_dim] attends over everything stored
  // -> [live, heads * head_dim].
  at::Tensor append_and_attend(int layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v);
  // Row `to` takes what row `from` holds: its first `length` tokens.
  void move_row(std::int64_t from, std::int64_t to, std::int64_t length);

 private:
  std::int64_t kv_heads_, capacity_, head_dim_;
  std::vector<at::Tensor> keys_, values_;  // by layer: [sequences * kv_heads, capacity, head_dim]
  // Of the step under way.
  std::int64_t live_ = 0, longest_ = 0;
  at::Tensor places_;  // [live * kv_heads], rows of the caches seen as [.., head_dim]
  at::Tensor mask_;    // [live * kv_heads, 1, longest]: 0, or minus infinity behind a sequence's end
};

}  // namespace lethe::inference
