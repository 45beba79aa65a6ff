// One step of every objective in compat mode against PyTorch: tests/golden/objectives/objectives.txt.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <sstream>

#include "framework/config/document.h"
#include "framework/dist/simulated_group.h"
#include "framework/training/train_step.h"
#include "tests/support/tiny_model.h"

namespace lethe::training {
namespace {

constexpr int kPad = 2, kDocuments = 3, kProjections = 4;

struct GoldenCase {
  std::string objective;
  double loss = 0;
  std::map<std::string, std::vector<double>> tensors;  // norm, then projections of the gradient
};

std::vector<GoldenCase> read_golden() {
  std::ifstream file(std::string(LETHE_SOURCE_DIR) + "/tests/golden/objectives/objectives.txt");
  std::vector<GoldenCase> cases;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string first;
    words >> first;
    if (first == "#") continue;
    if (first == "objective") {
      cases.push_back({.objective = line.substr(10)});
    } else if (first == "loss") {
      words >> cases.back().loss;
    } else {
      for (double value; words >> value;) cases.back().tensors[first].push_back(value);
    }
  }
  return cases;
}

models::DecoderModel golden_model() {
  models::HfConfig config = lethe::testing::tiny_model({.tied = false}).config;
  config.vocab_size = 131;
  return models::make_decoder_model(config);
}

float golden_weight(const std::string& name, std::uint64_t i, double shift) {
  int letters = 0;
  for (const char letter : name) letters += static_cast<unsigned char>(letter);
  const double at = static_cast<double>(i), phase = (letters % 101) / 7.0;
  const double size = name.starts_with("lm_head") || name.find("embed") != std::string::npos ? 0.7 : 0.15;
  const double gain = name.find("norm") != std::string::npos ? 1.0 : 0.0;
  return static_cast<float>(size * std::sin(0.013 * at * at + 1.7 * at + phase + shift * std::cos(0.9 * at)) +
                            gain);
}

void load_golden(const models::DecoderModel& model, double shift, sharding::WeightStore& weights) {
  weights.load([&](std::uint64_t first, std::span<float> out) {
    models::for_each_piece(model.index, first, out.size(),
                           [&](int parameter, std::uint64_t inside, std::uint64_t count) {
                             const models::Parameter& p = model.index.parameters()[parameter];
                             for (std::uint64_t i = 0; i < count; ++i)
                               out[p.first + inside + i - first] = golden_weight(p.name, inside + i, shift);
                           });
  });
}

std::vector<std::int32_t> golden_tokens(int role, int d) {
  std::vector<std::int32_t> ids;
  for (int t = 0; t < 5 + (3 * d + role) % 5; ++t)
    ids.push_back((37 * role + 11 * d + 3 * t * t + 5 * t) % 127 + 4);
  ids.push_back(kPad);
  if (d == 1) ids[2] = kPad;
  return ids;
}

struct GoldenStep {
  double loss = 0;
  at::Tensor gradient;  // [all] float64
};

// The step of an objective in compat mode on one rank, in `dtype`.
class GoldenRun {
 public:
  explicit GoldenRun(at::ScalarType dtype)
      : group_(dist::make_single_group()),
        engine_(model_, *group_, sharding::grid_shape(0, 0, 1), {.compute = dtype}),
        frozen_engine_(model_, *group_, sharding::grid_shape(0, 0, 1), {.compute = dtype}),
        frozen_(model_, frozen_engine_.weights),
        walk_(model_, engine_.weights) {
    load_golden(model_, 0.0, engine_.weights);
    load_golden(model_, 0.2, frozen_engine_.weights);
    for (int role = 0; role < objectives::kNumRoles; ++role)
      for (int d = 0; d < kDocuments; ++d) texts_.push_back(golden_tokens(role, d));
    walk::BlockWalk frozen_walk(model_, frozen_engine_.weights);
    for (int role = 0; role < objectives::kNumRoles; ++role) {
      for (int d = 0; d < kDocuments; ++d)
        data_.documents[role].push_back(
            {.ids = texts_[role * kDocuments + d], .prompt_tokens = 2 + (d + role) % 2, .unseen_id = kPad});
      references_[role] = inference::token_log_probs(frozen_walk, *group_, data_.documents[role]);
      data_.references[role] = &references_[role];
    }
    data_.frozen = &frozen_;
    data_.pad_id = kPad;
    data_.vocab_size = model_.config.vocab_size;
  }

  GoldenStep step(const std::string& objective_yaml) {
    std::string yaml = objective_yaml;
    yaml = yaml.starts_with("{") ? yaml.substr(0, yaml.size() - 1) : "{name: " + yaml;
    config::Section root = config::parse("objective: " + yaml + ", compat: openunlearning}");
    std::string name;
    const auto objective = objectives::make_objective(root, name);
    const std::vector<std::int64_t> all = {0, 1, 2};
    const auto items = batch_items(data_, objective->needs(), {.forget = all, .retain = all});
    const StepResult result =
        compute_gradient(walk_, engine_.gradients, *objective, data_, items, {.micro_batch = 16}, *group_);
    return {result.loss, lethe::testing::whole_gradient(model_.index, engine_.gradients)};
  }
  const models::DecoderModel& model() const { return model_; }

 private:
  models::DecoderModel model_ = golden_model();
  std::unique_ptr<dist::ProcessGroup> group_;
  lethe::testing::TinyEngine engine_, frozen_engine_;
  FrozenModel frozen_;
  walk::BlockWalk walk_;
  std::vector<std::vector<std::int32_t>> texts_;
  std::array<inference::TokenLogProbs, objectives::kNumRoles> references_;
  TrainingData data_;
};

std::vector<double> measured(const at::Tensor& gradient) {
  std::vector<double> values = {gradient.norm().item<double>()};
  const at::Tensor i = at::arange(gradient.numel(), at::kDouble);
  for (int k = 1; k <= kProjections; ++k)
    values.push_back((gradient * at::cos(k * (0.37 * i + 1))).sum().item<double>());
  return values;
}

class Golden : public ::testing::TestWithParam<at::ScalarType> {};

// float32 must come within 1e-5; float64 shows that what is left is rounding.
TEST_P(Golden, EveryObjectiveHasPyTorchsLossAndGradient) {
  const double tolerance = GetParam() == at::kFloat ? 1e-5 : 1e-7;
  GoldenRun run(GetParam());
  const auto cases = read_golden();
  ASSERT_GE(cases.size(), objectives::objective_names().size());
  for (const GoldenCase& golden : cases) {
    const GoldenStep step = run.step(golden.objective);
    EXPECT_NEAR(step.loss, golden.loss, tolerance * std::abs(golden.loss)) << golden.objective;
    for (const models::Parameter& p : run.model().index.parameters()) {
      const auto values = measured(
          step.gradient.narrow(0, static_cast<std::int64_t>(p.first), static_cast<std::int64_t>(p.count)));
      const auto& expected = golden.tensors.at(p.name);
      for (std::size_t k = 0; k < values.size(); ++k)
        EXPECT_NEAR(values[k], expected[k], tolerance * expected[0]) << golden.objective << " " << p.name;
    }
  }
}

TEST(GoldenFile, HoldsEveryObjective) {
  for (const std::string& name : objectives::objective_names()) {
    bool found = false;
    for (const GoldenCase& golden : read_golden())
      found |= golden.objective == name || golden.objective.starts_with("{name: " + name + "}") ||
               golden.objective.starts_with("{name: " + name + ",");
    EXPECT_TRUE(found) << name << ": add it to tests/golden/objectives/make_objectives.py";
  }
}

INSTANTIATE_TEST_SUITE_P(Dtypes, Golden, ::testing::Values(at::kFloat, at::kDouble),
                         [](const auto& info) { return at::toString(info.param); });

}  // namespace
}  // namespace lethe::training
