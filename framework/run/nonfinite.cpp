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

}  // namespace lethe::run
