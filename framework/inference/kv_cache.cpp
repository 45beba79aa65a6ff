#include "framework/inference/kv_cache.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace lethe::inference {

KvCache::KvCache(int num_layers, std::int64_t sequences, std::int64_t kv_heads, std::int64_t capacity,
                 std::int64_t head_dim, at::ScalarType dtype) {
  for (int layer = 0; layer < num_layers; ++layer) {
    keys_.push_back(at::zeros({sequences, kv_heads, capacity, head_dim}, dtype));
    values_.push_back(at::zeros({sequences, kv_heads, capacity, head_dim}, dtype));
  }
}

void KvCache::store_prompts(int layer, const at::Tensor& k, const at::Tensor& v,
                            std::span<const std::int64_t> offsets) {
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    const std::int64_t length = offsets[s + 1] - offsets[s];
    const auto store = [&](at::Tensor& cache, const at::Tensor& x) {
      cache[static_cast<std::int64_t>(s)]
          .narrow(1, 0, length)
          .copy_(x.narrow(0, offsets[s], length).transpose(0, 1));
    };
    store(keys_[layer], k);
    store(values_[layer], v);
  }
}

at::Tensor KvCache::append_and_attend(int layer, const at::Tensor& q, const at::Tensor& k,
                                      const at::Tensor& v, std::span<const std::int64_t> lengths) {
  const std::int64_t sequences = q.size(0), heads = q.size(1), head_dim = q.size(2), kv_heads = k.size(1);
  for (std::int64_t s = 0; s < sequences; ++s) {
    keys_[layer][s].select(1, lengths[s]).copy_(k[s]);
    values_[layer][s].select(1, lengths[s]).copy_(v[s]);
  }
  const std::int64_t longest = *std::max_element(lengths.begin(), lengths.end()) + 1;
  const at::Tensor keys = keys_[layer].narrow(2, 0, longest), values = values_[layer].narrow(2, 0, longest);
  const at::Tensor grouped = q.view({sequences, kv_heads, heads / kv_heads, head_dim});
  at::Tensor scores = at::matmul(grouped, keys.transpose(2, 3)) / std::sqrt(static_cast<double>(head_dim));
  const at::Tensor ends = at::tensor(lengths).view({sequences, 1, 1, 1});
  scores.masked_fill_(at::arange(longest).view({1, 1, 1, longest}) > ends,
                      -std::numeric_limits<double>::infinity());
  return at::matmul(at::softmax(scores, -1), values).reshape({sequences, heads * head_dim});
}

void KvCache::keep(const at::Tensor& sequences) {
  for (std::vector<at::Tensor>* caches : {&keys_, &values_}) {
    for (at::Tensor& cache : *caches) cache = cache.index_select(0, sequences);
  }
}

}  // namespace lethe::inference
