#include "tests/scoring/characteristics_fixture.h"

namespace lethe::scoring::characteristics {
namespace {

// A step of size h along -gradient lowers the loss by h |gradient|^2.
TEST_F(Characteristics, GradientNormIsTheSlopeOfTheLoss) {
  const auto norms = of("gradient_norm");
  std::vector<data::Document> one = {forget_[1]};
  sharding::GradientStore gradients(model_.index, engine_.grid, at::kDouble);
  const data::Pack pack = data::make_pack(one);  // the walk looks at it again in its backward
  const auto statistics = walk_.forward(pack, {.for_backward = true});
  gradients.zero();
  walk_.backward({at::full_like(statistics[0], -1.0 / 5)}, gradients);
  gradients.finish();
  const double before = inference::mean_losses(inference::token_log_probs(walk_, *world_, one))[0],
               step = 1e-6;
  for (int s = 0; s < static_cast<int>(model_.index.segments().size()); ++s)
    engine_.weights.master(s).sub_(gradients.part(s), step);
  engine_.weights.weights_changed();
  const double after = inference::mean_losses(inference::token_log_probs(walk_, *world_, one))[0];
  EXPECT_NEAR((before - after) / step / (norms[1] * norms[1]), 1, 1e-3);
}

}  // namespace
}  // namespace lethe::scoring::characteristics
