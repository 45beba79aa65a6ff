// The quantities that the published loss vectors are made of: log-likelihoods by token and by sequence of all
// four logit tensors, the divergence from the frozen model, and RMU's distances by sequence.
#include <gtest/gtest.h>

#include "framework/objectives/tap_distance.h"
#include "tests/objectives/vectors.h"

namespace lethe::objectives {
namespace {

constexpr double kPrinted = 6e-9;  // printed with eight decimals

struct PublishedLogits {
  const char* name;
  at::Tensor logits;
  double mean;  // over the seven labelled tokens of both sequences
  std::array<double, 2> by_sequence;
};

// L and R, of the forget batch, are the model's and the frozen model's; L2 and R2 are those of the second
// batch.
std::vector<PublishedLogits> published_logits() {
  return {{"L", vector_logits(0.37, 0.10, 6, 2), 1.65972918, {5.63750144, 5.98060280}},
          {"R", vector_logits(0.37, 0.25, 7, 0), 0.14296869, {0.44057224, 0.56020862}},
          {"L2", vector_logits(0.29, 0.40, 5, 0), 0.68864508, {3.17187590, 1.64863968}},
          {"R2", vector_logits(0.29, 0.60, 5.5, 0), 0.48878276, {2.15906216, 1.26241715}}};
}

RoleTokens answers_of(const at::Tensor& logits) {
  RoleNeeds needs;
  needs.present = true;
  needs.statistics = {"log_prob"};
  return vector_role(needs, logits, logits).tokens;
}

TEST(PublishedVectors, LossesByTokenAreThoseOfTheTable) {
  const at::Tensor losses = -answers_of(published_logits()[0].logits).log_prob();
  const std::array expected{4.88300976, 0.35125494, 0.26172902, 0.14150771,
                            5.02358060, 0.56040827, 0.39661393};
  ASSERT_EQ(losses.numel(), static_cast<std::int64_t>(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i)
    EXPECT_NEAR(losses[static_cast<std::int64_t>(i)].item<double>(), expected[i], kPrinted) << "token " << i;
}

TEST(PublishedVectors, MeansAndSequenceSumsAreThoseOfTheTable) {
  for (const PublishedLogits& one : published_logits()) {
    const RoleTokens tokens = answers_of(one.logits);
    EXPECT_NEAR(-tokens.log_prob().mean().item<double>(), one.mean, kPrinted) << one.name;
    const at::Tensor sums = -sum_by_sample(tokens.log_prob(), tokens.offsets);
    for (std::int64_t b = 0; b < 2; ++b)
      EXPECT_NEAR(sums[b].item<double>(), one.by_sequence[static_cast<std::size_t>(b)], kPrinted)
          << one.name << ", sequence " << b;
  }
}

TEST(PublishedVectors, TheDivergenceOfTheRetainBatchIsAMeanOverEveryPosition) {
  EXPECT_NEAR(loss_on_vectors("{name: grad_diff, retain_loss: kl, compat: openunlearning}").terms["retain"],
              0.01989989, kPrinted);
}

TEST(PublishedVectors, DistancesFromThePublishedControlVectorAreThoseOfTheTable) {
  const at::Tensor control = at::tensor({1.06920095, 1.65515882, 0.19062750, 0.28446397}, at::kDouble);
  const Needs needs = objective_named("{name: rmu, compat: openunlearning}")->needs();
  const at::Tensor unused = vector_logits(0.37, 0.10, 6, 2);
  MicroBatch batch;
  batch[Role::forget] = vector_role(needs[Role::forget], unused, unused).tokens;
  const RoleTokens& forget = batch[Role::forget];
  const at::Tensor sums = sum_by_sample((forget.tap - control).square().mean(1), forget.offsets);
  constexpr double kPrintedControl =
      5e-8;  // the control vector has eight decimals too, and seven rows use it
  EXPECT_NEAR(sums[0].item<double>(), 1.46680122, kPrintedControl);
  EXPECT_NEAR(sums[1].item<double>(), 8.47883684, kPrintedControl);
  const auto distance = [&](bool broadcast) {
    return tap_distance("forget", 1, batch, Role::forget, control, broadcast).sum.item<double>();
  };
  EXPECT_NEAR(distance(true), 1.46680122 + 8.47883684, kPrintedControl)
      << "as OpenUnlearning: divided by its own count";
  EXPECT_NEAR(distance(false) / 2, 1.59648963, kPrintedControl) << "the mean of the sequences' means";
}

}  // namespace
}  // namespace lethe::objectives
