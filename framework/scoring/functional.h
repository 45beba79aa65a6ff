// f(d): what one perturbed pass says of each sample, under the chosen mode.
//
//   sum        sum_t (P0 - P) / P0          the paper's; grows with length
//   mean       the same per scored token
//   aggregate  sum_t (P0 - P) / sum_t P0    one ratio a sample: another metric, ruled by the least memorised
//   tokens
#pragma once

#include <string>
#include <vector>

#include "framework/scoring/scored_model.h"

namespace lethe::scoring {

enum class Mode { sum, mean, aggregate };

class Functional {
 public:
  // Runs the base pass.
  Functional(ScoredModel& model, Mode mode, Noise noise);

  // values[p][i] of the samples named, or of all. A sample without a token that counts gives NaN.
  std::vector<std::vector<double>> values(std::span<const Perturbation> perturbations,
                                          std::span<const std::int64_t> samples = {}) const;

  // What values() would show of second and first order for each group of directions, at a step of 1: the mean
  // over its directions of -z'Hess f z / 2, and, with the spread of a single direction, -z'grad f.
  struct Orders {
    std::vector<double> second, first;
  };
  std::vector<Orders> orders(std::span<const DirectionGroup> groups, SecondOrder how,
                             std::span<const std::int64_t> samples = {}) const;

  // A value of sample i as the mean relative change of one token's log-probability: the unit of `c`.
  double per_token(double value, std::int64_t sample) const;

  const std::vector<SampleBase>& base() const noexcept { return base_; }
  std::int64_t num_samples() const noexcept { return static_cast<std::int64_t>(base_.size()); }
  ScoredModel& model() const noexcept { return model_; }
  std::int64_t full_passes() const noexcept {
    return full_passes_;
  }  // over all samples, the base pass included

 private:
  std::vector<double> in_mode(const PassValues& pass, std::span<const std::int64_t> samples,
                              double factor) const;

  ScoredModel& model_;
  Mode mode_;
  Noise noise_;
  std::vector<SampleBase> base_;
  mutable std::int64_t full_passes_ = 1;
};

}  // namespace lethe::scoring
