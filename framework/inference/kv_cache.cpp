#include "framework/inference/kv_cache.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/walk/index_tensor.h"

namespace lethe::inference {

KvCache::KvCache(int num_layers, std::int64_t sequences, std::int64_t kv_heads, std::int64_t capacity,
                 std::int64_t head_dim, const at::TensorOptions& options)
    : kv_heads_(kv_heads), capacity_(capacity), head_dim_(head_dim) {
  // Zeros, not garbage: a masked place has weight 0, and 0 * NaN would be NaN.
  for (int layer = 0; layer < num_layers; ++layer) {
    keys_.push_back(at::zeros({sequences * kv_heads, capacity, head_dim}, options));
    values_.push_back(at::zeros({sequences * kv_heads, capacity, head_dim}, options));
  }
}

void KvCache::store_prompts(int layer, const at::Tensor& k, const at::Tensor& v,
                            std::span<const std::int64_t> offsets) {
  for (std::size_t s = 0; s + 1 < offsets.size(); ++s) {
    const std::int64_t length = offsets[s + 1] - offsets[s];
    const auto store = [&](at::Tensor& cache, const at::Tensor& x) {
      cache.narrow(0, static_cast<std::int64_t>(s) * kv_heads_, kv_heads_)
          .narrow(1, 0, length)
          .copy_(x.narrow(0, offsets[s], length).transpose(0, 1));
    };
    store(keys_[layer], k);
    store(values_[layer], v);
  }
}

void KvCache::begin_step(std::span<const std::int64_t> lengths) {
  live_ = static_cast<std::int64_t>(lengths.size());
  if (live_ == 0) return;
  longest_ = *std::max_element(lengths.begin(), lengths.end()) + 1;
  std::vector<std::int64_t> places, ends;
  for (std::int64_t s = 0; s < live_; ++s)
    for (std::int64_t h = 0; h < kv_heads_; ++h) {
      ends.push_back(lengths[s]);
      places.push_back((s * kv_heads_ + h) * capacity_ + lengths[s]);
    }
  const at::Device device = keys_[0].device();
  places_ = walk::index_tensor(places, device);
  const at::Tensor columns = at::arange(longest_, places_.options());
  const at::Tensor behind = columns.view({1, longest_}) > walk::index_tensor(ends, device).unsqueeze(1);
  mask_ = at::zeros({live_ * kv_heads_, longest_}, keys_[0].options())
              .masked_fill_(behind, -std::numeric_limits<double>::infinity())
              .unsqueeze(1);
}

at::Tensor KvCache::append_and_attend(int layer, const at::Tensor& q, const at::Tensor& k,
                                      const at::Tensor& v) {
  const std::int64_t rows = live_ * kv_heads_, heads = q.size(1);
  keys_[layer].view({-1, head_dim_}).index_copy_(0, places_, k.reshape({rows, head_dim_}));
  values_[layer].view({-1, head_dim_}).index_copy_(0, places_, v.reshape({rows, head_dim_}));
  const at::Tensor keys = keys_[layer].narrow(0, 0, rows).narrow(1, 0, longest_),
                   values = values_[layer].narrow(0, 0, rows).narrow(1, 0, longest_);
  const at::Tensor grouped = q.reshape({rows, heads / kv_heads_, head_dim_});
  at::Tensor scores =
      at::baddbmm(mask_, grouped, keys.transpose(1, 2), 1, 1 / std::sqrt(static_cast<double>(head_dim_)));
  return at::bmm(at::softmax(scores, -1), values).reshape({live_, heads * head_dim_});
}

void KvCache::move_row(std::int64_t from, std::int64_t to, std::int64_t length) {
  for (std::vector<at::Tensor>* caches : {&keys_, &values_})
    for (at::Tensor& cache : *caches) {
      const auto row = [&](std::int64_t s) {
        return cache.narrow(0, s * kv_heads_, kv_heads_).narrow(1, 0, length);
      };
      row(to).copy_(row(from));
    }
}

}  // namespace lethe::inference
