#include "framework/ops/attention.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "framework/ops/flash_attention.h"
#include "framework/ops/product.h"

namespace lethe::ops {
namespace {

// [tokens, heads, head_dim] -> [1, heads, tokens, head_dim], each key-value head repeated for its group of
// query heads.
at::Tensor heads_first(const at::Tensor& x, std::int64_t repeats) {
  at::Tensor y = x.transpose(0, 1).unsqueeze(0);
  return repeats == 1 ? y : y.repeat_interleave(repeats, 1);
}

std::vector<std::int64_t> lengths_of(std::span<const std::int64_t> document_offsets) {
  std::vector<std::int64_t> lengths;
  for (std::size_t i = 0; i + 1 < document_offsets.size(); ++i)
    lengths.push_back(document_offsets[i + 1] - document_offsets[i]);
  return lengths;
}

// Of one document, a key-value head a batch: q [kv_heads, directions + 2, repeats, tokens, dim], k and v
// [kv_heads, directions + 2, tokens, dim].
struct HeadJets {
  at::Tensor q, k, v;
  std::int64_t directions() const { return k.size(1) - 2; }
};

// Of a chunk of queries, [kv_heads, repeats * chunk, keys]; `first` by direction.
struct ScoreJets {
  at::Tensor value;
  std::vector<at::Tensor> first;
  at::Tensor second;
};

ScoreJets score_jets(const at::Tensor& q, const at::Tensor& k, double scale) {
  const std::int64_t directions = k.size(1) - 2;
  const auto product = [&](std::int64_t a, std::int64_t b) {
    return at::bmm(q.select(1, a), k.select(1, b).transpose(1, 2)).mul_(scale);
  };
  ScoreJets s{product(0, 0), {}, product(directions + 1, 0).add_(product(0, directions + 1))};
  for (std::int64_t d = 1; d <= directions; ++d) {
    s.first.push_back(product(d, 0).add_(product(0, d)));
    s.second.add_(product(d, d), 2);
  }
  return s;
}

// Scores to probabilities, in place: rows sum to 1, their derivatives to 0.
void softmax_jets(ScoreJets& s) {
  const at::Tensor p = at::softmax(s.value, -1);
  for (at::Tensor& u : s.first) {
    u.sub_((p * u).sum(-1, true));
    s.second.add_(u.pow(2));
    u.mul_(p);
  }
  s.second.sub_((p * s.second).sum(-1, true)).mul_(p);
  s.value = p;
}

// -> [directions + 2, kv_heads, repeats * chunk, dim]
at::Tensor mix(const ScoreJets& p, const at::Tensor& v) {
  const std::int64_t directions = v.size(1) - 2;
  const auto part = [&](std::int64_t k) { return v.select(1, k); };
  std::vector<at::Tensor> out = {at::bmm(p.value, part(0))};
  at::Tensor second = at::bmm(p.second, part(0)).add_(at::bmm(p.value, part(directions + 1)));
  for (std::int64_t d = 0; d < directions; ++d) {
    out.push_back(at::bmm(p.first[d], part(0)).add_(at::bmm(p.value, part(d + 1))));
    second.add_(at::bmm(p.first[d], part(d + 1)), 2);
  }
  out.push_back(second);
  return at::stack(out);
}

constexpr std::int64_t kChunkElements = std::int64_t{1} << 22;  // of the scores of one part

// -> [directions + 2, tokens, heads * dim] of a document.
at::Tensor document_attention(const HeadJets& x) {
  const std::int64_t parts = x.q.size(1), kv_heads = x.q.size(0), repeats = x.q.size(2), tokens = x.q.size(3),
                     dim = x.q.size(4);
  const std::int64_t chunk = std::max<std::int64_t>(16, kChunkElements / (kv_heads * repeats * tokens));
  const at::Tensor places = at::arange(tokens, x.q.options().dtype(at::kLong));
  std::vector<at::Tensor> outputs;
  for (std::int64_t first = 0; first < tokens; first += chunk) {
    const std::int64_t count = std::min(chunk, tokens - first), keys = first + count;
    const at::Tensor q = x.q.narrow(3, first, count).reshape({kv_heads, parts, repeats * count, dim});
    ScoreJets s = score_jets(q, x.k.narrow(2, 0, keys), 1 / std::sqrt(static_cast<double>(dim)));
    const at::Tensor later = places.narrow(0, 0, keys) > places.narrow(0, first, count).unsqueeze(1);
    s.value.masked_fill_(later.repeat({repeats, 1}), -std::numeric_limits<double>::infinity());
    softmax_jets(s);
    outputs.push_back(mix(s, x.v.narrow(2, 0, keys))
                          .view({parts, kv_heads * repeats, count, dim})
                          .transpose(1, 2)
                          .reshape({parts, count, kv_heads * repeats * dim}));
  }
  return at::cat(outputs, 1);
}

}  // namespace

at::Tensor attention(const at::Tensor& q, const at::Tensor& k, const at::Tensor& v,
                     std::span<const std::int64_t> document_offsets) {
  if (flash_takes(q)) return flash_attention(q, k, v, document_offsets);
  if (!multiplied_natively(q.scalar_type(), q.device()))
    return attention(widened(q), widened(k), widened(v), document_offsets).to(q.scalar_type());
  const std::int64_t repeats = q.size(1) / k.size(1);
  const at::Tensor queries = heads_first(q, 1), keys = heads_first(k, repeats),
                   values = heads_first(v, repeats);
  // split, not narrow: the gradients of all documents are then joined once; each narrow() would have its own
  // gradient of all tokens, zeros but for one document.
  const std::vector<std::int64_t> lengths = lengths_of(document_offsets);
  const auto parts = [&](const at::Tensor& x) { return x.split_with_sizes(lengths, 2); };
  const std::vector<at::Tensor> q_parts = parts(queries), k_parts = parts(keys), v_parts = parts(values);
  std::vector<at::Tensor> outputs;
  for (std::size_t i = 0; i < lengths.size(); ++i)
    outputs.push_back(at::scaled_dot_product_attention(q_parts[i], k_parts[i], v_parts[i], {}, 0.0, true));
  const at::Tensor joined =
      outputs.size() == 1 ? outputs.front() : at::cat(outputs, 2);  // [1, heads, tokens, dim]
  return joined.squeeze(0).transpose(0, 1).reshape({q.size(0), q.size(1) * q.size(2)});
}

Jet attention(const Jet& q, const Jet& k, const Jet& v, std::span<const std::int64_t> document_offsets) {
  const std::int64_t parts = q.parts().size(0), kv_heads = k.size(1), repeats = q.size(1) / kv_heads,
                     dim = q.size(2);
  std::vector<at::Tensor> outputs;
  for (std::size_t i = 0; i + 1 < document_offsets.size(); ++i) {
    const std::int64_t first = document_offsets[i], length = document_offsets[i + 1] - first;
    const auto part = [&](const Jet& x) { return widened(x.parts().narrow(1, first, length)); };
    const auto heads = [&](const Jet& x) { return part(x).permute({2, 0, 1, 3}); };
    const at::Tensor queries = part(q).view({parts, length, kv_heads, repeats, dim}).permute({2, 0, 3, 1, 4});
    outputs.push_back(document_attention({queries, heads(k), heads(v)}));
  }
  return Jet(at::cat(outputs, 1).to(q.scalar_type()));
}

}  // namespace lethe::ops
