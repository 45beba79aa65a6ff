#include "framework/run/nonfinite.h"

#include <cmath>

#include "framework/base/error.h"
#include "framework/inference/log_likelihood.h"

namespace lethe::run {
namespace {

constexpr std::size_t kShownRows = 8;

// "forget samples 31, 77", by their rows in the file, from 1; empty where every loss is a number.
std::string bad_samples(Engine& engine, const SampleSet& set, std::span<const std::int64_t> batch) {
  std::vector<data::Document> documents;
  for (const std::int64_t i : batch) documents.push_back(set.documents[static_cast<std::size_t>(i)]);
  const auto losses =
      inference::mean_losses(inference::token_log_probs(*engine.walk, engine.world, documents));
  std::vector<std::int64_t> rows;
  for (std::size_t i = 0; i < losses.size(); ++i)
    if (!std::isfinite(losses[i])) rows.push_back(set.samples[static_cast<std::size_t>(batch[i])].row + 1);
  if (rows.empty()) return "";
  const std::size_t shown = std::min(kShownRows, rows.size());
  return fmt::format("{} samples {}{}", set.name, fmt::join(rows.begin(), rows.begin() + shown, ", "),
                     rows.size() > shown ? ", …" : "");
}

}  // namespace

void refuse_nonfinite(const NonfiniteStep& at, Engine& engine, const SampleSets& sets,
                      std::span<const std::int64_t> forget, std::span<const std::int64_t> retain) {
  std::string from;
  for (const auto& [set, batch] : {std::pair(&sets.forget, forget), std::pair(&sets.retain, retain)}) {
    const std::string bad = batch.empty() ? "" : bad_samples(engine, *set, batch);
    if (!bad.empty()) from += ", " + bad;
  }
  if (from.empty()) from = ", though each sample's own loss is a number";
  fail("num.nonfinite",
       fmt::format("loss {}, gradient norm {} at step {}{}", at.loss, at.norm, at.step, from),
       "lower train.learning_rate, set train.clip_norm, or compute in float32");
}

void refuse_nonfinite_weights(Engine& engine, std::int64_t step) {
  std::int64_t bad = 0;
  for (int s = 0; s < static_cast<int>(engine.model.index.segments().size()); ++s) {
    const at::Tensor& weights = engine.weights->master(s);
    if (weights.numel() == 0) continue;
    const auto [least, most] = at::aminmax(weights);  // NaN where one is
    if (!std::isfinite(least.item<double>()) || !std::isfinite(most.item<double>())) ++bad;
  }
  engine.world.all_reduce({&bad, 1, dist::DType::i64});
  if (bad == 0) return;
  fail("num.nonfinite", fmt::format("weights are no numbers after step {}; they are not kept", step),
       "lower train.learning_rate or set train.clip_norm; the checkpoint before this one is good");
}

}  // namespace lethe::run
