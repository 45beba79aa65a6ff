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
  std::int64_t keep_bytes = std::int64_t{256} << 20;  // of all packs that walk together, in float32
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

// Consecutive scored rows of a pack.
struct RowRange {
  std::int64_t first = 0, count = 0;
  bool operator==(const RowRange&) const = default;
};

// What a frozen model makes of some of the pack's scored rows: its logits are computed beside the model's
// own.
struct ReferenceRows {
  at::Tensor normed;       // [rows, width], behind its final norm
  at::Tensor weight;       // [vocab, width] of its head; the caller holds the segment
  std::int64_t first = 0;  // scored row of the pack that row 0 belongs to
};

class Head {
 public:
  // `names`: token statistics to compute; `ranges`: of which rows each, all where it is empty.
  Head(HeadOptions options, const std::vector<std::string>& names, std::vector<RowRange> ranges = {});

  // hidden [tokens, width] -> one tensor [rows] for each statistic, float32 (float64 in float64 runs).
  // `reference` must outlive the backward; null where no statistic needs it.
  std::vector<at::Tensor> forward(const HeadWeights& weights, const at::Tensor& hidden,
                                  const data::Pack& pack, bool for_backward,
                                  const ReferenceRows* reference = nullptr);
  // Behind the final norm, [scored, width], until the backward.
  const at::Tensor& normed() const noexcept { return normed_; }
  // upstream: for each statistic d(loss)/d(statistic) [scored], or undefined. Returns d(loss)/d(hidden)
  // [tokens, width].
  at::Tensor backward(const HeadWeights& weights, const std::vector<at::Tensor>& upstream,
                      HeadGradients gradients);

 private:
  class ReferenceLogits;

  RowRange range_of(std::size_t statistic) const;
  ops::LogitChunk part_of(const ops::LogitChunk& chunk, RowRange rows, RowRange part, std::size_t statistic,
                          ReferenceLogits& reference) const;
  void forward_chunk(const ops::LogitChunk& chunk, RowRange rows, ReferenceLogits& reference,
                     std::vector<at::Tensor>& values) const;
  at::Tensor backward_chunk(const ops::LogitChunk& chunk, RowRange rows,
                            const std::vector<at::Tensor>& upstream, ReferenceLogits& reference) const;

  HeadOptions options_;
  std::vector<RowRange> ranges_;  // by statistic; empty: all rows
  const ReferenceRows* reference_ = nullptr;
  std::vector<std::unique_ptr<ops::TokenStatistic>> statistics_;
  at::Tensor hidden_rows_, normed_, rows_, targets_;  // kept for the backward
  std::int64_t num_tokens_ = 0;
  std::vector<at::Tensor> kept_logits_;  // by chunk; empty where they are computed again
};

}  // namespace lethe::walk
