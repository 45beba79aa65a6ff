// Which samples the global batch of a step holds. One strategy, one file in samplers/; the word in the YAML
// is its name:
//
//   sampler: mrd                                  # or {name: mrd, power: 2, floor: 0.1, replacement: true}
//
// A batch is a pure function of (seed, stream, step, inputs): same ids on every rank and every world without
// talking, and nothing to save but the inputs. The retain set has a sampler of its own on Stream::data_order,
// so that who is paired with whom does not depend on the scores.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/base/random.h"
#include "framework/config/section.h"
#include "framework/sampling/weights.h"

namespace lethe::sampling {

// What is known of every sample, in sample order: gathered, hence equal on all ranks.
struct SamplerInputs {
  std::int64_t count = 0;  // samples of the set, at least one
  std::uint64_t seed = 0;
  base::Stream stream = base::Stream::sampling;  // data_order for the retain set
  std::uint64_t total_steps = 0;                 // updates of the run; none where it only evaluates
  std::vector<double> scores{};                  // MRD, summed over tokens
  std::vector<double> score_errors{};            // its standard errors; may stay empty
  std::vector<std::int64_t> tokens{};            // that the scores are sums over
  std::vector<double> losses{};                  // mean negative log-likelihood of a scored token, nats, now
};

struct Needs {
  bool scores = false, tokens = false, losses = false, total_steps = false;
};

class Sampler {
 public:
  virtual ~Sampler() = default;

  // Which of the inputs must be filled.
  virtual Needs needs() const { return {}; }

  // Called before the first batch and after every refresh of scores or losses.
  void update(SamplerInputs inputs);

  // Ids of the global batch of `step` (from 0). Errors: config.range for a batch larger than the set without
  // replacement.
  virtual std::vector<std::int64_t> batch(std::uint64_t step, std::int64_t size) const;

  // Samples of a batch that `size` are asked for, out of a set of `count`: without replacement no more than
  // that.
  std::int64_t drawn(std::int64_t size, std::int64_t count) const noexcept {
    return replacement_ ? size : std::min(size, count);
  }

  // The probabilities behind `step`, with their effective sample size, for records and reports.
  virtual Weights weights(std::uint64_t step) const;

  const SamplerInputs& inputs() const noexcept { return inputs_; }
  // May a sample appear twice in one batch? (At the seam of two epochs of shuffle it may all the same.)
  bool with_replacement() const noexcept { return replacement_; }

 protected:
  explicit Sampler(bool replacement) : replacement_(replacement) {}
  virtual Weights weigh() const = 0;  // from inputs(), once after every update

 private:
  bool replacement_;
  SamplerInputs inputs_;
  Weights fixed_;
};

// Reads `replacement`, which every sampler but shuffle has: may a sample appear twice in one batch?
[[nodiscard]] bool read_replacement(config::Section& section);

using Make = std::unique_ptr<Sampler>(config::Section);
struct Entry {
  std::string_view name;
  Make* make;
};
[[nodiscard]] std::span<const Entry> registry();
[[nodiscard]] std::vector<std::string> sampler_names();
// Those that need no more than the number of samples: what a set may have that is never scored.
[[nodiscard]] std::vector<std::string> unscored_sampler_names();

// Reads `key: NAME` or `key: {name: NAME, …}`, one of `names`; `fallback` where it is absent.
[[nodiscard]] std::unique_ptr<Sampler> make_sampler(config::Section& parent, std::string_view key,
                                                    std::string fallback, std::string_view help,
                                                    const std::vector<std::string>& names = sampler_names());

}  // namespace lethe::sampling
