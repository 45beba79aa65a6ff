#include "framework/sampling/sampler.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "framework/config/document.h"
#include "tests/sampling/chi_square.h"

namespace lethe::sampling {
namespace {

std::unique_ptr<Sampler> plain(const std::string& name) {  // with every option at its default
  for (const Entry& entry : registry()) {
    if (entry.name == name) return entry.make(config::Section());
  }
  ADD_FAILURE() << name << " is not registered";
  return nullptr;
}

SamplerInputs made_up(std::int64_t count, std::uint64_t seed) {
  SamplerInputs in{.count = count, .seed = seed, .total_steps = 50};
  for (std::int64_t i = 0; i < count; ++i) {
    const double u =
        base::uniform({.seed = 99, .stream = base::Stream::initial_weights}, static_cast<std::uint64_t>(i));
    in.scores.push_back(std::exp(3 * u));
    in.tokens.push_back(5 + i % 7);
    in.losses.push_back(0.1 + 2 * u);
  }
  return in;
}

using Batches = std::vector<std::vector<std::int64_t>>;

Batches batches(const Sampler& sampler, std::uint64_t steps = 20, std::int64_t size = 8) {
  Batches all;
  for (std::uint64_t step = 0; step < steps; ++step) all.push_back(sampler.batch(step, size));
  return all;
}

Batches batches_of(const std::string& name, SamplerInputs in) {
  const auto sampler = plain(name);
  sampler->update(std::move(in));
  return batches(*sampler);
}

TEST(UnscoredSamplers, AreThoseOfASetThatNobodyScores) {
  EXPECT_THAT(unscored_sampler_names(), testing::ElementsAre("shuffle", "uniform"));
}

// Laws that every file in samplers/ obeys.
class EverySampler : public testing::TestWithParam<std::string> {};

TEST_P(EverySampler, IsAPureFunctionOfSeedStepAndInputs) {
  const auto sampler = plain(GetParam());
  sampler->update(made_up(40, 1));
  const Batches forward = batches(*sampler);
  for (std::uint64_t step = 20; step-- > 0;) EXPECT_EQ(sampler->batch(step, 8), forward[step]);
  EXPECT_EQ(batches_of(GetParam(), made_up(40, 1)), forward);
  EXPECT_NE(batches_of(GetParam(), made_up(40, 2)), forward);
}

TEST_P(EverySampler, GivesIdsOfTheSetWithoutRepeatsInABatch) {
  for (const auto& ids : batches_of(GetParam(), made_up(40, 1))) {
    EXPECT_EQ(ids.size(), 8u);
    EXPECT_EQ(std::set<std::int64_t>(ids.begin(), ids.end()).size(), 8u);
    EXPECT_THAT(ids, testing::Each(testing::AllOf(testing::Ge(0), testing::Lt(40))));
  }
}

TEST_P(EverySampler, RetainStreamIsAnotherOne) {
  SamplerInputs in = made_up(40, 1);
  in.stream = base::Stream::data_order;
  EXPECT_NE(batches_of(GetParam(), in), batches_of(GetParam(), made_up(40, 1)));
}

TEST_P(EverySampler, SaysItsProbabilities) {
  const auto sampler = plain(GetParam());
  sampler->update(made_up(40, 1));
  const Weights weights = sampler->weights(3);
  double sum = 0;
  for (const double p : weights.probability) sum += p;
  EXPECT_NEAR(sum, 1, 1e-14);
  EXPECT_EQ(weights.probability.size(), 40u);
  EXPECT_GT(weights.effective_samples, 1);
  EXPECT_LE(weights.effective_samples, 40 + 1e-9);
}

std::unique_ptr<Sampler> with_replacement(const std::string& name) {
  const std::string yaml = fmt::format("sampler: {{name: {}, replacement: true, floor: 0.1}}\n", name);
  config::Section root = config::parse(yaml, "test.yaml");
  return make_sampler(root, "sampler", "uniform", "");
}

// How often each sample is drawn is what weights() says, with a floor and with replacement: chi-square over
// 4,000 steps.
TEST(Samplers, FrequenciesAreTheirProbabilities) {
  for (const std::string name : {"mrd", "mrd_mean", "loss", "active"}) {
    const auto sampler = with_replacement(name);
    SamplerInputs in = made_up(20, 6);
    in.losses[3] = in.losses[7] = 5;  // forgotten already, for `active`
    sampler->update(in);
    std::vector<std::int64_t> counts(20);
    for (const auto& ids : batches(*sampler, 4000)) {
      for (const std::int64_t id : ids) ++counts[static_cast<std::size_t>(id)];
    }
    const Weights weights = sampler->weights(0);
    EXPECT_GE(*std::ranges::min_element(weights.probability), 0.1 / 20 - 1e-12) << name;
    EXPECT_GT(chi_square_p_value(counts, weights.probability), 1e-3) << name;
  }
}

// Slots of one sample a batch: without replacement, the first drawn follows the probabilities.
TEST(Samplers, FirstDrawsWithoutReplacementFollowTheirProbabilities) {
  for (const std::string name : {"uniform", "mrd", "mrd_mean", "loss", "active"}) {
    const auto sampler = plain(name);
    sampler->update(made_up(20, 6));
    std::vector<std::int64_t> counts(20);
    for (const auto& ids : batches(*sampler, 6000, 3)) ++counts[static_cast<std::size_t>(ids[0])];
    EXPECT_GT(chi_square_p_value(counts, sampler->weights(0).probability), 1e-3) << name;
  }
}

INSTANTIATE_TEST_SUITE_P(Registry, EverySampler, testing::ValuesIn(sampler_names()),
                         [](const auto& info) { return info.param; });

TEST(Samplers, FollowTheirScores) {
  const Batches before = batches_of("mrd", made_up(40, 1));
  SamplerInputs scaled = made_up(40, 1), shaken = made_up(40, 1);
  for (std::size_t i = 0; i < 40; ++i) {
    scaled.scores[i] *= 1.7e-9;
    shaken.scores[i] *= 0.2 + 4 * base::uniform({.seed = 1, .stream = base::Stream::gaussian}, i);
  }
  EXPECT_EQ(batches_of("mrd", scaled), before);
  EXPECT_NE(batches_of("mrd", shaken), before);
  EXPECT_EQ(batches_of("uniform", shaken), batches_of("uniform", made_up(40, 1)));
}

TEST(Samplers, MrdMeanDividesByLengthAndMrdDoesNot) {
  SamplerInputs in{.count = 2, .scores = {10, 30}, .tokens = {10, 60}};
  const auto sum = plain("mrd"), mean = plain("mrd_mean");
  sum->update(in);
  mean->update(in);
  EXPECT_DOUBLE_EQ(sum->weights(0).probability[1], 0.75);
  EXPECT_DOUBLE_EQ(mean->weights(0).probability[1], 1.0 / 3);
}

TEST(Samplers, LossFollowsTheLoss) {
  const auto loss = plain("loss");
  loss->update({.count = 2, .losses = {1, 3}});
  EXPECT_DOUBLE_EQ(loss->weights(0).probability[1], 0.75);
}

TEST(Shuffle, UsesEverySampleOnceAnEpoch) {
  const auto shuffle = plain("shuffle");
  shuffle->update({.count = 15, .seed = 4});
  std::vector<std::int64_t> string;
  for (std::uint64_t step = 0; step < 60; ++step) {
    for (const auto id : shuffle->batch(step, 4)) string.push_back(id);
  }
  std::set<std::vector<std::int64_t>> orders;
  for (std::size_t epoch = 0; epoch < 16; ++epoch) {
    std::vector<std::int64_t> ids(string.begin() + epoch * 15, string.begin() + (epoch + 1) * 15);
    orders.insert(ids);
    std::sort(ids.begin(), ids.end());
    for (std::int64_t i = 0; i < 15; ++i) EXPECT_EQ(ids[i], i) << "epoch " << epoch;
  }
  EXPECT_EQ(orders.size(), 16u);
}

TEST(Shuffle, TakesBatchesLargerThanTheSet) {
  const auto shuffle = plain("shuffle");
  shuffle->update({.count = 3});
  std::map<std::int64_t, int> times;
  for (const auto id : shuffle->batch(0, 9)) ++times[id];
  EXPECT_THAT(times, testing::ElementsAre(testing::Pair(0, 3), testing::Pair(1, 3), testing::Pair(2, 3)));
}

TEST(Active, SkipsWhatIsForgottenAndReturnsToAllWhenAllAre) {
  const auto active = plain("active");  // forgotten below a probability of 0.1
  active->update({.count = 4, .losses = {0.1, 5, std::log(9.0), 3}});
  EXPECT_EQ(active->weights(0).probability, (std::vector<double>{0.5, 0, 0.5, 0}));
  EXPECT_THAT(active->batch(7, 2), testing::UnorderedElementsAre(0, 2));
  active->update({.count = 4, .losses = {5, 5, 5, 5}});
  EXPECT_EQ(active->weights(0).probability, std::vector<double>(4, 0.25));
}

TEST(Active, KeepsASampleWhoseLossIsNoNumber) {
  const auto active = plain("active");
  active->update({.count = 3, .losses = {0.1, NAN, 4}});
  EXPECT_EQ(active->weights(0).probability, (std::vector<double>{0.5, 0.5, 0}));
}

TEST(Curriculum, GoesFromEasyToHard) {
  const auto curriculum = plain("curriculum");  // powers 2 to -2
  curriculum->update({.count = 2, .total_steps = 11, .scores = {1, 2}});
  EXPECT_DOUBLE_EQ(curriculum->weights(0).probability[1], 0.8);
  EXPECT_DOUBLE_EQ(curriculum->weights(5).probability[1], 0.5);
  EXPECT_DOUBLE_EQ(curriculum->weights(10).probability[1], 0.2);
  EXPECT_DOUBLE_EQ(curriculum->weights(1000).probability[1], 0.2);
}

}  // namespace
}  // namespace lethe::sampling
