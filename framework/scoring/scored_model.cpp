#include "framework/scoring/scored_model.h"

#include "framework/base/error.h"

namespace lethe::scoring {

std::vector<DerivativeValues> ScoredModel::derivative_passes(const Noise&, std::span<const DirectionGroup>,
                                                             std::span<const std::int64_t>, SecondOrder) {
  fail("config.conflict", "score.estimator: this model has no derivatives along directions",
       "use antithetic");
}

}  // namespace lethe::scoring
