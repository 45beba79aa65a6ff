// Everything that a step makes is made where the blocks compute: every objective runs on a device whose
// memory the host cannot touch and whose operations refuse a host tensor, and gives the gradient of the CPU.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/inference/generation.h"
#include "framework/ops/token_statistic.h"
#include "framework/optim/adamw.h"
#include "framework/optim/gradient_norm.h"
#include "tests/support/fenced_device/fenced_device.h"
#include "tests/training/objective_steps.h"

namespace lethe::training {
namespace {

using namespace steps;
using lethe::testing::fenced_device;

at::TensorOptions there() { return at::TensorOptions(at::kDouble).device(fenced_device()); }

TEST(FencedDevice, TheHostCannotReadItsMemory) {
  const at::Tensor x = at::ones({4}, there());
  EXPECT_EQ(x.sum().item<double>(), 4);
  EXPECT_DEATH((void)*x.const_data_ptr<double>(), "");
}

TEST(FencedDevice, AnOperationRefusesAHostTensorBesideItsOwn) {
  const at::Tensor here = at::ones({4}, at::kDouble), device = at::ones({4}, there());
  EXPECT_THROW((void)(here + device), std::exception);
  EXPECT_THROW((void)at::mm(device.view({2, 2}), here.view({2, 2})), std::exception);
  EXPECT_THROW((void)device.index_select(0, at::zeros({1}, at::kLong)), std::exception);
  EXPECT_EQ((device + at::scalar_tensor(2.0, at::kDouble)).sum().item<double>(), 12);
}

TEST(FencedDevice, MemoryIsNaNUntilItIsWritten) {
  EXPECT_TRUE(at::empty({3}, there()).isnan().all().item<bool>());
}

TEST(FencedDevice, AGraphRunsOnIt) {
  const at::Tensor x = at::arange(6, there()).view({2, 3}).requires_grad_(true);
  const at::Tensor y = (x.t().narrow(0, 1, 2) * x.t().select(0, 0)).exp().mean();
  const at::Tensor here = x.detach().cpu().requires_grad_(true);
  const at::Tensor expected = (here.t().narrow(0, 1, 2) * here.t().select(0, 0)).exp().mean();
  y.backward();
  expected.backward();
  EXPECT_EQ(x.grad().device(), fenced_device());
  EXPECT_TRUE(at::equal(x.grad().cpu(), here.grad()));
}

Outcome run_there(const Case& c, at::ScalarType dtype) {
  const auto model = deep_model();
  const MadeUpData made_up(model.config.vocab_size);
  Outcome outcome;
  std::mutex mutex;
  dist::run_simulated(c.world, [&](dist::ProcessGroup& world) {
    const auto plane = lethe::testing::make_fenced_group(world);
    sharding::compute_on(fenced_device());
    const Outcome of_rank = step_of_rank(c, model, dtype, made_up.data, world,
                                         {.device = fenced_device(), .data_plane = plane.get()});
    const std::lock_guard lock(mutex);
    if (world.rank() == 0) outcome = of_rank;
  });
  return outcome;
}

Outcome run_here(const Case& c, at::ScalarType dtype) {
  const auto model = deep_model();
  const MadeUpData made_up(model.config.vocab_size);
  const auto single = dist::make_single_group();
  return step_of_rank(c, model, dtype, made_up.data, *single);
}

TEST(DeviceLaw, EveryObjectiveHasTheGradientOfTheCpu) {
  const auto model = deep_model();
  for (const std::string& objective : every_objective()) {
    SCOPED_TRACE(objective);
    const Outcome expected = run_here({objective, 1, 0, 2}, at::kDouble);
    const std::int64_t before = lethe::testing::fenced_operations();
    const Outcome actual = run_there({objective, 1, 0, 2}, at::kDouble);
    EXPECT_GT(lethe::testing::fenced_operations(), before + 100);
    EXPECT_NEAR(actual.loss, expected.loss, 1e-12 * (1 + std::abs(expected.loss)));
    EXPECT_LE(distance(model, actual.gradient, expected.gradient), 1e-12);
  }
}

}  // namespace
}  // namespace lethe::training
