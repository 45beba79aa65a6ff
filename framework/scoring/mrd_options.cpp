#include "framework/scoring/mrd.h"

namespace lethe::scoring {

MrdOptions read_mrd(config::Section section) {
  MrdOptions o;
  const config::Range sigmas = config::between(kSmallestSigma, kLargestSigma);
  std::string mode = "sum", distribution = "rademacher";
  section.optional("sigma", o.sigma, "standard deviation of the weight noise: the unit of the scores", sigmas)
      .maybe("sigma_eff", o.sigma_eff,
             "step at which the score is measured; found by calibration where absent", sigmas);
  o.estimator_options =
      section.named("estimator", o.estimator, estimator_names(), "how the expectation is estimated");
  // An option that the estimator does not know is an error before anything is loaded.
  const auto estimator =
      make_estimator(o.estimator, o.estimator_options, {.precision = Precision::float64, .says_why = false});
  o.estimator_identity = o.estimator == "auto" ? o.estimator : estimator->identity();
  section
      .choice("mode", mode, {"sum", "mean", "aggregate"},
              "over tokens: the paper's sum, per token, or one ratio")
      .choice("distribution", distribution, {"rademacher", "gaussian"}, "of the noise")
      .optional("scope", o.scope,
                "which weights move: all, norms, a part of a parameter's name, or a pattern of names as in "
                "train.trainable")
      .optional("seed", o.seed, "of the noise");
  o.stop = read_stop(section.section("stop", "when there are enough draws"));
  section.reject_unknown();
  o.mode = mode == "sum" ? Mode::sum : mode == "mean" ? Mode::mean : Mode::aggregate;
  o.distribution = distribution == "gaussian" ? Distribution::gaussian : Distribution::rademacher;
  return o;
}

}  // namespace lethe::scoring
