// An unlearning method as a function of token statistics. It sees no logits, no model and no rank: it returns
// *sums* and says by which global count each is divided; the trainer divides, so any number of ranks and any
// micro-batch give the same gradient.
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/config/section.h"
#include "framework/data/packing.h"

namespace lethe::objectives {

// What a document of the batch is there for. Alternates are other answers to the question of a forget or a
// retain sample (DPO, IDK) and ride with it: document i of `alternate` belongs to document i of `forget`.
enum class Role : std::uint8_t { forget, retain, alternate, retain_alternate };
constexpr int kNumRoles = 4;

// What an objective reads of one role: the run provides it, or refuses by name.
struct RoleNeeds {
  bool present = false;                     // its documents ride in the pack
  std::vector<std::string> statistics;      // of framework/ops/token_statistics
  data::Rows rows = data::Rows::answer;     // at which positions: of the statistics and the taps alike
  std::int64_t skip = 0;                    // of the scored tokens, the first ones left out
  bool padded = false;                      // to the longest of the role in the batch (compat only)
  bool reference_log_prob = false;          // the frozen model's log p, from the cache
  bool tap = false, reference_tap = false;  // the residual stream behind tap_layer; the frozen model's
};

struct Needs {
  std::array<RoleNeeds, kNumRoles> roles;
  int tap_layer = -1;  // decoder layer whose output taps read, from 0
  // As OpenUnlearning sees tokens: whatever equals the padding token is attended to by nobody.
  bool openunlearning = false;
  RoleNeeds& operator[](Role role) { return roles[static_cast<int>(role)]; }
  const RoleNeeds& operator[](Role role) const { return roles[static_cast<int>(role)]; }
  // Behind which layer a pass ends, where nothing but taps is read; -1: it goes through the head.
  int last_layer() const;
};

// One role in a micro-batch, at the rows it asked for.
struct RoleTokens {
  std::vector<std::int64_t> offsets = {0};                    // [samples + 1], into the tensors
  std::map<std::string, at::Tensor, std::less<>> statistics;  // [rows] each
  std::map<std::string, at::Tensor, std::less<>> constants;   // what stopped() gives instead; for the laws
  at::Tensor reference_log_prob;  // [rows], the frozen model's; undefined unless needed
  at::Tensor tap, reference_tap;  // [rows, width] float32 or float64; undefined unless needed

  std::int64_t num_samples() const { return static_cast<std::int64_t>(offsets.size()) - 1; }
  const at::Tensor& statistic(std::string_view name) const { return statistics.find(name)->second; }
  const at::Tensor& log_prob() const { return statistic("log_prob"); }
  // The value of a statistic without its gradient.
  at::Tensor stopped(std::string_view name) const;
};

struct MicroBatch {
  std::array<RoleTokens, kNumRoles> roles;
  const RoleTokens& operator[](Role role) const { return roles[static_cast<int>(role)]; }
  RoleTokens& operator[](Role role) { return roles[static_cast<int>(role)]; }
};

// A number that the whole batch has, over all ranks. Tokens are the rows that the role reads: its scored
// tokens, unless its needs say otherwise.
struct Count {
  enum class Of : std::uint8_t {
    samples,
    tokens,
    all_tokens,  // of every role
    broadcast    // samples^2 / sum of 1/rows: RMU's mean as OpenUnlearning takes it
  };
  Of of = Of::tokens;
  Role role = Role::forget;
  bool operator==(const Count&) const = default;
};
[[nodiscard]] constexpr Count samples_of(Role role) { return {Count::Of::samples, role}; }
[[nodiscard]] constexpr Count tokens_of(Role role) { return {Count::Of::tokens, role}; }
constexpr Count kAllTokens = {Count::Of::all_tokens, Role::forget};

// loss = sum over terms of weight * (sum / count - offset).
struct Term {
  std::string name;  // as the records show it: "forget", "retain"
  double weight = 1;
  at::Tensor sum;  // scalar, differentiable; undefined where the micro-batch has none of the role
  Count count;
  double offset = 0;
};

// What is known after an update, the same on every rank.
struct UpdateFacts {
  std::map<std::string, double> terms;  // each term's sum / count
  double epoch = 0;                     // passes over the forget set, this update included
};

// For docs/methods.md; options and defaults are read from the section itself.
struct Description {
  std::string formula, source, quirks, when;
};

class Objective {
 public:
  virtual ~Objective() = default;
  virtual Needs needs() const = 0;
  virtual std::vector<Term> terms(const MicroBatch& batch) const = 0;
  virtual Description description() const = 0;
  // False where it teaches what it is given, the forget set too: nothing is erased by such a run.
  virtual bool unlearns() const { return true; }
  // Methods whose weights move with the losses (PDU) keep them here; a checkpoint holds state().
  virtual void after_update(const UpdateFacts&) {}
  virtual std::vector<double> state() const { return {}; }
  virtual void restore(std::span<const double>) {}
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
// Tokens of each sample, like `like`: [samples].
[[nodiscard]] at::Tensor tokens_by_sample(const RoleTokens& role, const at::Tensor& like);
// The role rides along with its log-probabilities.
void need_log_prob(Needs& needs, Role role);
// -log p summed over the tokens of a role: the numerator of a mean negative log-likelihood.
[[nodiscard]] Term nll_term(std::string name, double weight, const RoleTokens& role, Count count);
// A term of `sum`, which is asked for only where the micro-batch has samples of the role.
template <class Sum>
[[nodiscard]] Term term_of(std::string name, double weight, const RoleTokens& role, Count count, Sum&& sum) {
  Term term{.name = std::move(name), .weight = weight, .sum = {}, .count = count};
  if (role.num_samples() > 0) term.sum = sum();
  return term;
}
// Reads `compat`: true for openunlearning.
[[nodiscard]] bool read_compat(config::Section& section);

}  // namespace lethe::objectives
