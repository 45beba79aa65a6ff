#include "tests/evaluation/made_inputs.h"

#include <gtest/gtest.h>

#include <cmath>

#include "framework/base/atomic_file.h"

namespace lethe::evaluation::testing {
namespace {

AnswerValues from_json(const nlohmann::json& json) {
  AnswerValues answer;
  for (const auto& [name, value] : json.items()) {
    if (value.is_array()) answer.statistics[name] = value.get<std::vector<double>>();
    if (name == "text") answer.text = value;
  }
  return answer;
}

void expect_close(double value, double expected, const std::string& what) {
  const double tolerance = expected < 1e-3 ? 1e-9 : 1e-12;
  EXPECT_LE(std::abs(value - expected), tolerance * std::max(std::abs(expected), 1e-30))
      << what << ": " << value << " against " << expected;
}

// Of one position: what the model's statistics are for these logits.
void add_position(AnswerValues& answer, const std::vector<double>& logits, std::size_t target) {
  double largest = logits[0], sum = 0, mean = 0, square = 0;
  for (const double z : logits) largest = std::max(largest, z);
  for (const double z : logits) sum += std::exp(z - largest);
  std::size_t best = 0;
  for (std::size_t v = 0; v < logits.size(); ++v) {
    const double log_p = logits[v] - largest - std::log(sum);
    mean += std::exp(log_p) * log_p;
    square += std::exp(log_p) * log_p * log_p;
    if (logits[v] > logits[best]) best = v;
  }
  answer.statistics["log_prob"].push_back(logits[target] - largest - std::log(sum));
  answer.statistics["greedy"].push_back(best == target ? 1 : 0);
  answer.statistics["mean_log_prob"].push_back(mean);
  answer.statistics["mean_squared_log_prob"].push_back(square);
}

}  // namespace

std::unique_ptr<Metric> metric(const std::string& name, const std::string& options) {
  config::Section root = config::parse(options.empty() ? "metric: {}" : "metric: {" + options + "}");
  for (const Entry& entry : registry())
    if (entry.name == name) return entry.make(root.section("metric", ""));
  ADD_FAILURE() << "there is no metric " << name;
  return nullptr;
}

AnswerValues answer(std::vector<double> log_probs, std::vector<double> first_choice) {
  AnswerValues a;
  if (first_choice.empty()) first_choice.assign(log_probs.size(), 1);
  a.statistics["log_prob"] = std::move(log_probs);
  a.statistics["greedy"] = std::move(first_choice);
  return a;
}

AnswerValues answer_of_loss(double loss) { return answer({-loss / 2, -3 * loss / 2}); }

const nlohmann::json& golden() {
  static const nlohmann::json file = nlohmann::json::parse(
      base::read_file(std::string(LETHE_SOURCE_DIR) + "/tests/golden/metrics/golden.json"));
  return file;
}

Inputs golden_inputs() {
  Inputs inputs;
  for (const auto& [name, samples] : golden()["sets"].items())
    for (const Answers which : {Answers::right, Answers::paraphrased, Answers::perturbed}) {
      auto& by_sample = inputs.answers[{name, which}];
      for (const auto& sample : samples) {
        by_sample.emplace_back();
        for (const auto& one : sample[std::string(name_of(which))])
          by_sample.back().push_back(from_json(one));
      }
    }
  for (const auto& g : golden()["generations"])
    inputs.generations["forget"].push_back(
        {.input = "", .ground_truth = g["ground_truth"], .text = g["text"]});
  return inputs;
}

void expect_golden(const Result& result, const std::string& name) {
  const auto& expected = golden()["expected"][name];
  ASSERT_TRUE(result.value.has_value()) << name << ": " << result.reason;
  expect_close(*result.value, expected["value"], name);
  if (expected["samples"].is_null()) return;
  std::vector<SampleResult> samples = result.samples;
  for (const auto& [part, inner] : result.parts)
    samples.insert(samples.end(), inner.samples.begin(), inner.samples.end());
  ASSERT_EQ(samples.size(), expected["samples"].size()) << name;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    ASSERT_EQ(samples[i].value.has_value(), !expected["samples"][i].is_null()) << name << " " << i;
    if (samples[i].value) expect_close(*samples[i].value, expected["samples"][i], name);
  }
}

Inputs vector_inputs() {
  constexpr int kLength = 6, kVocab = 128, kIgnored = -100;
  const std::vector<std::vector<int>> labels = {{-100, -100, 42, 7, 99, 2}, {-100, -100, 63, 5, 2, -100}};
  Inputs inputs;
  auto& samples = inputs.answers[{"forget", Answers::right}];
  for (int b = 0; b < 2; ++b) {
    AnswerValues a;
    for (int t = 0; t + 1 < kLength; ++t) {
      const int target = labels[static_cast<std::size_t>(b)][static_cast<std::size_t>(t + 1)];
      if (target == kIgnored) continue;
      std::vector<double> logits;
      for (int v = 0; v < kVocab; ++v)
        logits.push_back(std::sin(0.37 * ((b * kLength + t) * kVocab + v) + 0.10));
      if (t >= 2) logits[static_cast<std::size_t>(target)] += 6;
      add_position(a, logits, static_cast<std::size_t>(target));
    }
    samples.push_back({a});
  }
  return inputs;
}

}  // namespace lethe::evaluation::testing
