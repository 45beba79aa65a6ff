// What the score needs of a model and a forget set: one pass over all samples with weights W + sign sigma z.
// Who holds which weights and samples, and how passes are spread over ranks, is the implementation's affair;
// the mathematics sees all samples, in sample order, on every rank, with the same bits.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lethe::scoring {

enum class Distribution { rademacher, gaussian };
enum class Precision { float64, float32, bfloat16 };  // of weights and forward pass: both, in all passes

// The family of directions z of one scoring; keyed by the canonical index of each weight (base/random.h).
struct Noise {
  std::uint64_t seed = 0;
  std::uint32_t refresh = 0;  // which re-scoring of the run
  Distribution distribution = Distribution::rademacher;
  std::string scope = "all";  // which weights move: all, norms, a part or a pattern of parameter names
};

struct Perturbation {
  double sigma = 0;
  int sign = 1;  // not part of the noise's counter: both signs of a pair share z
  std::uint32_t draw = 0;
  double eps = 0;  // |P0| counts as at least this where it divides; 0 is the definition
};

// Directions first … first + count - 1, walked together; one draw of a second-order estimator.
struct DirectionGroup {
  std::uint32_t first = 0;
  std::int64_t count = 1;
};

struct SampleBase {
  std::int64_t tokens = 0;   // scored tokens that count
  std::int64_t dropped = 0;  // tokens with P_t = 0 exactly (underflow), left out of every sum and of `tokens`
  double log_prob_sum = 0;   // sum of P_t, nats, float64 in token order
};

// Per sample, sums over its scored tokens in float64 in token order. P0 is the base pass's P_t, where it
// divides no nearer to zero than the perturbation's eps.
struct PassValues {
  std::vector<double> ratio;       // sum (P0 - P) / P0
  std::vector<double> difference;  // sum (P0 - P)
};

// What a group of directions z says without a step: sums over tokens and directions of z' grad P (first) and
// of z' Hess P z (second), as they are (`difference`) and each token's divided by its P0 (`ratio`).
struct DerivativeValues {
  PassValues first, second;
};
// By forward mode (jets), or by double backward in float64 (the oracle of tests).
enum class SecondOrder { jet, hessian };

class ScoredModel {
 public:
  virtual ~ScoredModel() = default;

  // The unperturbed pass; keeps P0 of every scored token. Same kernels and dtypes as the perturbed passes.
  virtual std::vector<SampleBase> base_pass() = 0;

  // One PassValues for each perturbation, of the samples named (ascending), or of all where none is named.
  // The weights themselves are never written. A gather may serve several perturbations.
  virtual std::vector<PassValues> perturbed_passes(const Noise& noise,
                                                   std::span<const Perturbation> perturbations,
                                                   std::span<const std::int64_t> samples) = 0;

  // The same for derivatives along groups of directions. Errors: config.conflict where this model cannot.
  virtual std::vector<DerivativeValues> derivative_passes(const Noise& noise,
                                                          std::span<const DirectionGroup> groups,
                                                          std::span<const std::int64_t> samples,
                                                          SecondOrder how);

  virtual Precision precision() const = 0;

  // How many draws it likes to be given together. Results do not depend on it.
  virtual std::int64_t draws_at_once() const { return 1; }
};

}  // namespace lethe::scoring
