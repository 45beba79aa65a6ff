// Everything that a step makes is made where the blocks compute: every objective runs on a device whose
// memory the host cannot touch and whose operations refuse a host tensor, and gives the gradient of the CPU.
#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "framework/inference/generation.h"
#include "framework/ops/token_statistic.h"
#include "framework/optim/adamw.h"
#include "framework/optim/gradient_norm.h"
#include "framework/sharding/device_stream.h"
#include "framework/training/checkpoint_writer.h"
#include "tests/support/fenced_device/fenced_device.h"
#include "tests/support/recorded_memory.h"
#include "tests/training/objective_steps.h"

namespace lethe::training {
namespace {

using namespace steps;
using lethe::testing::fenced_device;

at::TensorOptions there() { return at::TensorOptions(at::kDouble).device(fenced_device()); }

TEST(FencedDevice, TheHostCannotReadItsMemory) {
  const at::Tensor x = at::ones({4}, there());
  EXPECT_EQ(x.sum().item<double>(), 4);
  EXPECT_DEATH(
      {
        const volatile double first = *x.const_data_ptr<double>();
        (void)first;
      },
      "");
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

// The host goes on; the device's clock tells how long its arithmetic stood there, and for what.
TEST(FencedDevice, WaitsForOtherRanksAreCountedByTheDevice) {
  const at::Device device = fenced_device();
  sharding::compute_on(device);
  const auto gathers = sharding::make_side_stream(device, /*overlap=*/true);
  const sharding::ComputeQueue compute(device);
  (void)sharding::take_waits();
  lethe::testing::set_stream_wait(20);
  compute.wait_for_ranks(gathers->record(), base::Wait::weights);
  compute.wait(gathers->record());  // for a copy: no rank is waited for
  compute.wait_for_ranks(gathers->record(), base::Wait::weights);
  lethe::testing::set_stream_wait(0);
  const base::WaitSeconds waits = sharding::take_waits();
  EXPECT_GE(waits[static_cast<std::size_t>(base::Wait::weights)], 0.040);
  EXPECT_EQ(waits[static_cast<std::size_t>(base::Wait::gradients)], 0);
  EXPECT_EQ(sharding::take_waits(), base::WaitSeconds{});
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

TEST(DeviceLaw, GridsAndFoldsToo) {
  const auto model = deep_model();
  for (const char* objective : {"npo", "rmu"}) {
    const Outcome expected = run_here({objective, 1, 0, 2}, at::kDouble);
    for (const auto& [world, zero] : {std::pair(2, 0), std::pair(2, 1), std::pair(3, 2), std::pair(2, 3)})
      for (const int leaves : {0, 4}) {
        SCOPED_TRACE(fmt::format("{}, {} ranks, ZeRO {}, {} leaves", objective, world, zero, leaves));
        const Outcome actual = run_there({objective, world, zero, 2, leaves}, at::kDouble);
        EXPECT_LE(distance(model, actual.gradient, expected.gradient), 1e-12);
      }
  }
}

// An engine here or there, alone.
struct Alone {
  explicit Alone(at::Device device, at::ScalarType dtype = at::kDouble, bool prefetch = false)
      : engine(model, *world, {}, {.compute = dtype, .poison_released = true, .prefetch = prefetch}, {},
               {.device = device, .host_memory = device.is_cpu() ? nullptr : &lethe::testing::record_memory}),
        walk(model, engine.weights) {}
  data::Pack pack() const { return lethe::testing::tiny_pack(texts, std::array{0, 1, 2}); }
  void gradient() {
    const data::Pack documents = pack();
    const at::Tensor p = walk.forward(documents, {.for_backward = true})[0];
    walk.backward({at::ones_like(p)}, engine.gradients);
    engine.gradients.finish();
  }
  std::vector<float> weights() const {
    std::vector<float> all;
    engine.weights.save(
        [&](std::uint64_t, std::span<const float> part) { all.insert(all.end(), part.begin(), part.end()); });
    return all;
  }
  models::DecoderModel model = lethe::testing::tiny_model();
  std::unique_ptr<dist::ProcessGroup> world = dist::make_single_group();
  std::vector<std::vector<std::int32_t>> texts =
      lethe::testing::tiny_documents(3, 5, model.config.vocab_size);
  lethe::testing::TinyEngine engine;
  walk::BlockWalk walk;
};

// Long enough for several runs of integers and a rest.
TEST(DeviceLaw, TheNormOfLongPartsHasTheSameBits) {
  models::HfConfig config = lethe::testing::tiny_model().config;
  config.vocab_size = 9001;
  const auto model = models::make_decoder_model(config);
  const auto single = dist::make_single_group();
  for (const at::ScalarType dtype : {at::kFloat, at::kDouble}) {
    lethe::testing::TinyEngine here(model, *single, {}, {.compute = dtype}),
        there(model, *single, {}, {.compute = dtype}, {}, {.device = fenced_device()});
    for (int s = 0; s < static_cast<int>(model.index.segments().size()); ++s) {
      at::Tensor part = here.gradients.part(s);
      part.copy_((at::arange(part.numel(), at::kDouble) * 0.37 + s).sin());
      there.gradients.part(s).copy_(part);
    }
    EXPECT_EQ(optim::global_norm(there.gradients), optim::global_norm(here.gradients));
  }
}

TEST(DeviceLaw, TheNormHasTheSameBitsAndTheUpdateIsTheCpus) {
  sharding::compute_on(fenced_device());
  for (const bool prefetch : {false, true}) {
    Alone here(at::kCPU), there(fenced_device(), at::kDouble, prefetch);
    optim::AdamW optimizer_here({.weight_decay = 0.1}, here.engine.weights),
        optimizer_there({.weight_decay = 0.1}, there.engine.weights);
    here.gradient(), there.gradient();
    const int segments = static_cast<int>(here.model.index.segments().size());
    for (int s = 0; s < segments; ++s) there.engine.gradients.part(s).copy_(here.engine.gradients.part(s));
    EXPECT_EQ(optim::global_norm(there.engine.gradients), optim::global_norm(here.engine.gradients));
    for (int step = 0; step < 3; ++step) {
      optim::WeightChanges changes;
      optimizer_here.step(here.engine.gradients, 1e-2, 0.5);
      optimizer_there.step(there.engine.gradients, 1e-2, 0.5, &changes);
      EXPECT_EQ(changes.changed, changes.trained);
    }
    const auto expected = here.weights(), actual = there.weights();
    std::size_t wrong = 0;
    for (std::size_t i = 0; i < expected.size(); ++i)
      wrong += std::abs(actual[i] - expected[i]) <= 1e-6 * std::abs(expected[i]) ? 0 : 1;
    EXPECT_EQ(wrong, 0u);
  }
}

// Host memory of a device's copies is kept, so that the next save needs none anew.
TEST(DeviceLaw, ACheckpointsCopiesTakeTheirOwnBytesOnce) {
  sharding::compute_on(fenced_device());
  const lethe::testing::RecordedMemory& host = lethe::testing::recorded_memory();
  Alone one(fenced_device());
  optim::AdamW optimizer({}, one.engine.weights);
  const auto folder = std::filesystem::path(::testing::TempDir()) / "lethe_device_law_checkpoint";
  {
    CheckpointWriter writer(folder, 1, one.engine.weights, optimizer, *one.world);
    for (const int step : {1, 2}) {
      (void)writer.begin(step, "identity", "{}");
      (void)writer.finish();
    }
    EXPECT_GT(writer.bytes(), 0u);
    EXPECT_EQ(host.held, writer.bytes());
    EXPECT_EQ(host.asked.size(), 3 * one.model.index.segments().size());
  }
  EXPECT_EQ(host.held, 0u);
  std::filesystem::remove_all(folder);
}

TEST(DeviceLaw, InputsThatWaitInTheHostsMemoryChangeNothing) {
  sharding::compute_on(fenced_device());
  Alone here(at::kCPU), there(fenced_device());
  here.gradient();
  const at::Tensor expected = lethe::testing::whole_gradient(here.model.index, here.engine.gradients);
  walk::BlockWalk offloading(there.model, there.engine.weights,
                             {.recompute = walk::Recompute::full, .offload_inputs = true});
  const data::Pack pack = there.pack();
  const std::size_t before = lethe::testing::recorded_memory().asked.size();
  for (int step = 0; step < 2; ++step) {
    there.engine.gradients.zero();
    const at::Tensor p = offloading.forward(pack, {.for_backward = true})[0];
    offloading.backward({at::ones_like(p)}, there.engine.gradients);
    there.engine.gradients.finish();
    const at::Tensor actual = lethe::testing::whole_gradient(there.model.index, there.engine.gradients);
    EXPECT_LE(distance(here.model, actual, expected), 1e-12) << "step " << step;
  }
  EXPECT_EQ(lethe::testing::recorded_memory().asked.size() - before, there.model.layers.size());
}

TEST(DeviceLaw, MomentsInBf16AreRoundedAsTheCpuRoundsThem) {
  sharding::compute_on(fenced_device());
  for (const char* rounding : {"nearest", "stochastic"}) {
    Alone here(at::kCPU, at::kFloat), there(fenced_device(), at::kFloat);
    const optim::AdamWOptions options{.moments = "bfloat16", .rounding = rounding, .seed = 5};
    optim::AdamW optimizer_here(options, here.engine.weights), optimizer_there(options, there.engine.weights);
    here.gradient();
    const int segments = static_cast<int>(here.model.index.segments().size());
    for (int s = 0; s < segments; ++s) there.engine.gradients.part(s).copy_(here.engine.gradients.part(s));
    for (int step = 0; step < 3; ++step) {
      optimizer_here.step(here.engine.gradients, 1e-2, 0.5);
      optimizer_there.step(there.engine.gradients, 1e-2, 0.5);
    }
    for (int s = 0; s < segments; ++s)
      for (auto moment : {&optim::AdamW::first_moment, &optim::AdamW::second_moment}) {
        const at::Tensor expected = (optimizer_here.*moment)(s), actual = (optimizer_there.*moment)(s).cpu();
        // The last bit of float32 before the rounding may be another one; with other random words about half
        // of the elements would differ.
        EXPECT_LE(actual.ne(expected).to(at::kDouble).mean().item<double>(), 1e-2) << rounding;
        EXPECT_TRUE(at::allclose(actual.to(at::kFloat), expected.to(at::kFloat), 0x1p-6, 1e-30)) << rounding;
      }
  }
}

TEST(DeviceLaw, EveryTokenStatisticIsReadAndDifferentiated) {
  for (const ops::Entry& entry : ops::registry()) {
    const std::string name(entry.name);
    if (ops::make_token_statistic(name)->needs_reference_logits()) continue;  // the objectives' test has them
    SCOPED_TRACE(name);
    Alone here(at::kCPU), there(fenced_device());
    const data::Pack pack = here.pack();
    const auto run = [&](Alone& one) {
      const at::Tensor values = one.walk.forward(pack, {.statistics = {name}, .for_backward = true})[0];
      one.walk.backward({at::ones_like(values)}, one.engine.gradients);
      return values.cpu();
    };
    EXPECT_TRUE(at::allclose(run(there), run(here), 1e-12, 1e-12));
    EXPECT_LE(distance(here.model, lethe::testing::whole_gradient(here.model.index, there.engine.gradients),
                       lethe::testing::whole_gradient(here.model.index, here.engine.gradients)),
              1e-11);
  }
}

TEST(DeviceLaw, GenerationChoosesTheCpusTokens) {
  Alone here(at::kCPU), there(fenced_device());
  const std::vector<std::vector<std::int32_t>> prompts = {{3, 1, 4}, {1, 5}, {9, 2, 6, 5}};
  const auto run = [&](Alone& one) {
    return inference::generate(one.model, one.engine.weights, *one.world, prompts,
                               {.max_new_tokens = 6, .stop_ids = {7}}, /*with_margins=*/true);
  };
  const auto expected = run(here), actual = run(there);
  EXPECT_EQ(actual.tokens, expected.tokens);
  EXPECT_EQ(actual.margins.size(), expected.margins.size());
}

}  // namespace
}  // namespace lethe::training
