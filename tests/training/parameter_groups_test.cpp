// train.optimizer.groups: each parameter moves as it would in a run where its group's settings are
// everybody's, on any cut into shards.
#include "framework/training/parameter_groups.h"

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/dist/simulated_group.h"
#include "tests/support/tiny_model.h"

namespace lethe::training {
namespace {

const std::vector<optim::ParameterGroup> kGroups = {
    {.match = {"*norm*"}, .weight_decay = 0.0},
    {.match = {"model.layers.1.*", "model.layers.0.mlp.up_proj.weight"}, .learning_rate_scale = 0.25}};

// The weights after two updates with made-up gradients, float64.
at::Tensor trained_weights(const models::DecoderModel& model, dist::ProcessGroup& world, int zero,
                           const optim::AdamWOptions& options, double learning_rate) {
  lethe::testing::TinyEngine engine(model, world, sharding::grid_shape(zero, 0, world.size()),
                                    {.compute = at::kDouble});
  optim::AdamW optimizer(options, engine.weights, {}, groups_of_parameters(model.index, options.groups));
  const auto parts = static_cast<int>(model.index.segments().size());
  at::Tensor whole = at::zeros({static_cast<std::int64_t>(model.index.size())}, at::kDouble);
  for (int update = 0; update < 2; ++update) {
    for (int s = 0; s < parts; ++s) {
      const auto part = engine.weights.layout().part(s, engine.grid.shard_rank());
      const auto first = static_cast<std::int64_t>(part.first), valid = static_cast<std::int64_t>(part.valid);
      engine.gradients.part(s)
          .narrow(0, 0, valid)
          .copy_((at::arange(first, first + valid, at::kDouble) * (0.3 + update)).sin());
    }
    optimizer.step(engine.gradients, learning_rate, 1);
  }
  for (int s = 0; s < parts; ++s) {
    const auto part = engine.weights.layout().part(s, engine.grid.shard_rank());
    const auto valid = static_cast<std::int64_t>(part.valid);
    whole.narrow(0, static_cast<std::int64_t>(part.first), valid)
        .copy_(engine.weights.master(s).narrow(0, 0, valid));
  }
  engine.grid.gather_group().all_reduce(
      {whole.mutable_data_ptr(), static_cast<std::size_t>(whole.numel()), dist::DType::f64});
  return whole;
}

TEST(ParameterGroups, TheFirstThatMatchesWins) {
  const auto model = lethe::testing::tiny_model();
  const std::vector<int> groups = groups_of_parameters(model.index, kGroups);
  for (std::size_t p = 0; p < groups.size(); ++p) {
    const std::string& name = model.index.parameters()[p].name;
    const bool norm = name.find("norm") != std::string::npos;
    const bool slow = name.starts_with("model.layers.1.") || name == "model.layers.0.mlp.up_proj.weight";
    EXPECT_EQ(groups[p], norm ? 0 : slow ? 1 : -1) << name;
  }
  EXPECT_TRUE(groups_of_parameters(model.index, {}).empty());
}

TEST(ParameterGroups, EachMovesAsIfItsSettingsWereEverybodys) {
  const auto model = lethe::testing::tiny_model();
  const std::vector<int> groups = groups_of_parameters(model.index, kGroups);
  const auto alone = dist::make_single_group();
  // By group, -1 first: no group; decay 0; a quarter of the rate.
  const at::Tensor expected[] = {trained_weights(model, *alone, 0, {.weight_decay = 0.1}, 1e-2),
                                 trained_weights(model, *alone, 0, {.weight_decay = 0.0}, 1e-2),
                                 trained_weights(model, *alone, 0, {.weight_decay = 0.1}, 0.25e-2)};
  for (const auto& [ranks, zero] : {std::pair(1, 0), std::pair(2, 1), std::pair(3, 3)}) {
    dist::run_simulated(ranks, [&, zero = zero](dist::ProcessGroup& world) {
      const at::Tensor weights =
          trained_weights(model, world, zero, {.weight_decay = 0.1, .groups = kGroups}, 1e-2);
      for (std::size_t p = 0; p < groups.size(); ++p) {
        const models::Parameter& parameter = model.index.parameters()[p];
        for (int other = -1; other <= 1; ++other) {
          const auto cut = [&](const at::Tensor& x) {
            return x.narrow(0, static_cast<std::int64_t>(parameter.first),
                            static_cast<std::int64_t>(parameter.count));
          };
          EXPECT_EQ(at::equal(cut(weights), cut(expected[other + 1])), other == groups[p])
              << parameter.name << " on " << world.size() << " ranks, group " << other;
        }
      }
    });
  }
}

TEST(ParameterGroups, APatternThatMatchesNothingIsRefusedWithTheNameThatWasMeant) {
  const auto refused = [](const std::string& pattern) {
    try {
      (void)groups_of_parameters(lethe::testing::tiny_model().index,
                                 {{.match = {"*norm*"}}, {.match = {"*mlp*", pattern}}});
    } catch (const Error& e) {
      EXPECT_EQ(e.key(), "config.range");
      return e.message() + " | " + e.hint();
    }
    return std::string("nothing was refused");
  };
  EXPECT_EQ(refused("model.norm.wieght"),
            "train.optimizer.groups[1].match: `model.norm.wieght` matches no parameter | did you mean "
            "`model.norm.weight`?");
  EXPECT_NE(refused("bias").find("from `model.embed_tokens.weight` to `model.norm.weight`"),
            std::string::npos);
}

TEST(ParameterGroups, AreReadFromTheConfiguration) {
  const optim::AdamWOptions options = optim::read_adamw(config::parse(
      "weight_decay: 0.1\n"
      "groups: [{match: ['*norm*', '*bias'], weight_decay: 0}, {match: ['*'], learning_rate_scale: 0.5}]\n"));
  ASSERT_EQ(options.groups.size(), 2u);
  EXPECT_EQ(options.groups[0].match, (std::vector<std::string>{"*norm*", "*bias"}));
  EXPECT_EQ(options.groups[0].weight_decay, 0.0);
  EXPECT_EQ(options.groups[0].learning_rate_scale, 1.0);
  EXPECT_FALSE(options.groups[1].weight_decay.has_value());
  EXPECT_EQ(options.groups[1].learning_rate_scale, 0.5);
  EXPECT_THROW((void)optim::read_adamw(config::parse("groups: [{match: []}]")), Error);
  EXPECT_THROW((void)optim::read_adamw(config::parse("groups: [{match: ['*'], decay: 0}]")), Error);
}

}  // namespace
}  // namespace lethe::training
