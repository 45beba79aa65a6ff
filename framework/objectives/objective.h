// An unlearning method as a function of token statistics. It sees no logits, no model and no rank: it returns
// *sums* and says by which global count each is divided; the trainer divides, so any number of ranks and any
// micro-batch give the same gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/config/section.h"

namespace lethe::objectives {

// What a document of the batch is there for.
enum class Role : std::uint8_t {
  forget,
  retain,
  alternate
};  // alternate: the paired answer of a forget sample (DPO, IDK)
constexpr int kNumRoles = 3;

// The scored tokens of one role in a micro-batch.
struct RoleTokens {
  std::vector<std::int64_t> offsets = {0};  // [samples + 1], into the tensors
  std::vector<at::Tensor> statistics;       // one [tokens] for each name of needs().statistics, in that order
  at::Tensor reference_log_prob;            // [tokens], the frozen model's; undefined unless needed

  std::int64_t num_samples() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  const at::Tensor& log_prob() const { return statistics.front(); }
};

struct MicroBatch {
  std::array<RoleTokens, kNumRoles> roles;
  const RoleTokens& operator[](Role role) const { return roles[static_cast<int>(role)]; }
  RoleTokens& operator[](Role role) { return roles[static_cast<int>(role)]; }
};

enum class Count : std::uint8_t {
  forget_samples,
  forget_tokens,
  retain_samples,
  retain_tokens,
  alternate_samples,
  alternate_tokens,
  all_tokens
};

// loss = sum over terms of weight * sum / count.
struct Term {
  std::string name;  // as the records show it: "forget", "retain"
  double weight = 1;
  at::Tensor
      sum;  // scalar, differentiable in the statistics; undefined where the micro-batch has none of the role
  Count count = Count::forget_tokens;
};

struct Needs {
  std::vector<std::string> statistics = {"log_prob"};  // log_prob stands first
  bool reference_log_prob = false;
  bool retain = true;  // samples of the retain set ride in the same pack
  bool alternate = false;
};

class Objective {
 public:
  virtual ~Objective() = default;
  virtual Needs needs() const = 0;
  virtual std::vector<Term> terms(const MicroBatch& batch) const = 0;
};

using Make = std::unique_ptr<Objective>(config::Section);
struct Entry {
  std::string_view name;
  Make* make;
};
[[nodiscard]] std::span<const Entry> registry();
[[nodiscard]] std::vector<std::string> objective_names();
// Reads `objective:` of `parent`: a word, or a mapping with `name` and the method's own options.
[[nodiscard]] std::unique_ptr<Objective> make_objective(config::Section parent, std::string& name);

// Sums over the tokens of each sample: [samples].
[[nodiscard]] at::Tensor sum_by_sample(const at::Tensor& tokens, std::span<const std::int64_t> offsets);
// -log p summed over the tokens of a role: the numerator of a mean negative log-likelihood.
[[nodiscard]] Term nll_term(std::string name, double weight, const RoleTokens& role, Count count);

}  // namespace lethe::objectives
