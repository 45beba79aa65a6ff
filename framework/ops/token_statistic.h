// A few numbers for each scored token, from one chunk of logits. The head walks the scored tokens in chunks,
// so the logits of a pack never exist at once; objectives see only these numbers. One statistic is one file
// of token_statistics/.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace lethe::ops {

struct LogitChunk {
  at::Tensor logits;   // [chunk, vocab] float32 (float64 in float64 runs); statistics do not write to it
  at::Tensor targets;  // [chunk] int64
  at::Tensor reference_logits;  // like logits: the frozen model's; undefined unless needs_reference_logits()
};

// What statistics hold of a chunk at their fullest moment, in tensors [chunk, vocab]: for the memory plan.
struct ChunkTensors {
  int forward = 1;         // beside the chunk
  int backward = 1;        // beside the chunk and the gradient that is added to
  bool reference = false;  // the chunk has reference logits
};

class TokenStatistic {
 public:
  virtual ~TokenStatistic() = default;
  virtual bool needs_reference_logits() const noexcept { return false; }
  // Only `forward` and `backward`; tests/planning/counted_statistics_test.cpp counts them.
  virtual ChunkTensors holds() const noexcept { return {}; }
  // -> [chunk], in the logits' dtype.
  virtual at::Tensor forward(const LogitChunk& chunk) const = 0;
  // Adds d(sum of upstream * statistic)/d(logits) to `grad` [chunk, vocab]; upstream [chunk].
  virtual void add_backward(const LogitChunk& chunk, const at::Tensor& upstream, at::Tensor& grad) const = 0;
};

using Make = std::unique_ptr<TokenStatistic>();
struct Entry {
  std::string_view name;
  Make* make;
};
[[nodiscard]] std::span<const Entry> registry();
[[nodiscard]] std::unique_ptr<TokenStatistic> make_token_statistic(std::string_view name);
// Of the fullest of them: a head computes one after the other.
[[nodiscard]] ChunkTensors held_by(std::span<const std::string> names);

}  // namespace lethe::ops
