#include "framework/ops/masked_attention.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <vector>

#include "framework/ops/attention.h"
#include "framework/ops/upload.h"

namespace lethe::ops {
namespace {

using Rows = std::vector<std::int64_t>;

// Hidden rows of one document that have keys to see: the first `keys[i]` of its seen rows.
struct HiddenRows {
  Rows rows, keys;
  std::int64_t first = 0, count = 0;  // of the document's rows among all seen ones
};

struct Split {
  Rows seen, offsets = {0};  // of the documents among them, without empty ones
  Rows blind;                // hidden, with nothing to see before them
  std::vector<HiddenRows> hidden;
};

Split split_of(std::span<const std::int64_t> document_offsets, std::span<const std::uint8_t> hidden) {
  Split split;
  for (std::size_t d = 0; d + 1 < document_offsets.size(); ++d) {
    HiddenRows own{.rows = {}, .keys = {}, .first = split.offsets.back()};
    for (std::int64_t row = document_offsets[d]; row < document_offsets[d + 1]; ++row) {
      if (hidden[static_cast<std::size_t>(row)] == 0) {
        split.seen.push_back(row);
        ++own.count;
      } else if (own.count == 0) {
        split.blind.push_back(row);
      } else {
        own.rows.push_back(row);
        own.keys.push_back(own.count);
      }
    }
    if (own.count > 0) split.offsets.push_back(own.first + own.count);
    if (!own.rows.empty()) split.hidden.push_back(std::move(own));
  }
  return split;
}

at::Tensor on_device(const Rows& rows, const at::Tensor& like) {
  return uploaded(at::tensor(rows, at::kLong), like.device());
}

at::Tensor at_least_float(const at::Tensor& x) {
  return at::isReducedFloatingType(x.scalar_type()) ? x.to(at::kFloat) : x;
}

// q [rows, heads, dim]; k and v [keys, kv_heads, dim] of the document's seen rows -> [rows, heads * dim].
at::Tensor attend_before(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v, const Rows& keys) {
  const std::int64_t rows = q.size(0), kv_heads = k.size(1), repeats = q.size(1) / kv_heads, dim = q.size(2);
  const at::Tensor queries = at_least_float(q)
                                 .view({rows, kv_heads, repeats, dim})
                                 .permute({1, 2, 0, 3})
                                 .reshape({kv_heads, repeats * rows, dim});
  const auto heads_first = [](const at::Tensor& x) { return at_least_float(x).transpose(0, 1); };
  const at::Tensor later = at::arange(k.size(0), at::TensorOptions(at::kLong).device(q.device()))
                               .unsqueeze(0)
                               .ge(on_device(keys, q).unsqueeze(1));  // [rows, keys]
  const at::Tensor scores = at::bmm(queries, heads_first(k).transpose(1, 2))
                                .mul(1 / std::sqrt(static_cast<double>(dim)))
                                .view({kv_heads, repeats, rows, -1})
                                .masked_fill(later, -std::numeric_limits<double>::infinity());
  const at::Tensor mixed =
      at::bmm(at::softmax(scores, -1).view({kv_heads, repeats * rows, -1}), heads_first(v));
  return mixed.view({kv_heads, repeats, rows, dim})
      .permute({2, 0, 1, 3})
      .reshape({rows, kv_heads * repeats * dim})
      .to(q.scalar_type());
}

}  // namespace

at::Tensor masked_attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                            std::span<const std::int64_t> document_offsets,
                            std::span<const std::uint8_t> hidden) {
  const Split split = split_of(document_offsets, hidden);
  if (split.hidden.empty() && split.blind.empty()) return attention(q, k, v, document_offsets);
  const at::Tensor seen = on_device(split.seen, q);
  const at::Tensor keys = k.index_select(0, seen), values = v.index_select(0, seen);
  std::vector<at::Tensor> outputs;
  Rows order;  // the rows of the outputs
  const auto add = [&](const Rows& rows, const at::Tensor& output) {
    order.insert(order.end(), rows.begin(), rows.end());
    outputs.push_back(output);
  };
  if (!split.seen.empty()) add(split.seen, attention(q.index_select(0, seen), keys, values, split.offsets));
  for (const HiddenRows& own : split.hidden)
    add(own.rows,
        attend_before(q.index_select(0, on_device(own.rows, q)), keys.narrow(0, own.first, own.count),
                      values.narrow(0, own.first, own.count), own.keys));
  if (!split.blind.empty())
    add(split.blind,
        v.index_select(0, on_device(split.blind, q)).repeat_interleave(q.size(1) / k.size(1), 1).flatten(1));
  Rows place(order.size());
  for (std::size_t i = 0; i < order.size(); ++i)
    place[static_cast<std::size_t>(order[i])] = static_cast<std::int64_t>(i);
  return at::cat(outputs, 0).index_select(0, on_device(place, q));
}

}  // namespace lethe::ops
