// Hidden states to token statistics in chunks, and back. The logits of a pack never exist at once; where they
// are few (keep_bytes) they are kept for the backward, otherwise its chunks are computed again.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "framework/data/packing.h"
#include "framework/ops/token_statistic.h"

namespace lethe::walk {

struct HeadOptions {
  std::int64_t chunk_tokens = 128;
  std::int64_t keep_bytes = std::int64_t{256} << 20;
};

// What the head reads while its segments are held.
struct HeadWeights {
  at::Tensor norm_gain;  // [hidden]
  at::Tensor weight;     // [vocab, hidden]
  double rms_norm_eps = 1e-5;
};
struct HeadGradients {  // views to add into; undefined where frozen
  at::Tensor norm_gain, weight;
};

class Head {
 public:
  // `names`: token statistics to compute.
  Head(HeadOptions options, const std::vector<std::string>& names);

  // hidden [tokens, width] -> one tensor [scored] for each statistic, float32 (float64 in float64 runs).
  std::vector<at::Tensor> forward(const HeadWeights& weights, const at::Tensor& hidden,
                                  const data::Pack& pack, bool for_backward);
  // upstream: for each statistic d(loss)/d(statistic) [scored], or undefined. Returns d(loss)/d(hidden)
  // [tokens, width].
  at::Tensor backward(const HeadWeights& weights, const std::vector<at::Tensor>& upstream,
                      HeadGradients gradients);

 private:
  at::Tensor logits_of(const at::Tensor& normed, const at::Tensor& weight) const;

  HeadOptions options_;
  std::vector<std::unique_ptr<ops::TokenStatistic>> statistics_;
  at::Tensor hidden_rows_, normed_, rows_, targets_;  // kept for the backward
  std::int64_t num_tokens_ = 0;
  std::vector<at::Tensor> kept_logits_;  // by chunk; empty where they are computed again
};

}  // namespace lethe::walk
