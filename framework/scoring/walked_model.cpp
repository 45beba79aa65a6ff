#include "framework/scoring/walked_model.h"

#include <algorithm>

#include "framework/scoring/job_grid.h"
#include "framework/scoring/perturbation.h"
#include "framework/scoring/sample_choice.h"

namespace lethe::scoring {

WalkedModel::WalkedModel(walk::BlockWalk& walk, sharding::WeightStore& store, dist::ProcessGroup& world,
                         std::span<const data::Document> documents)
    : walk_(walk), store_(store), world_(world), documents_(documents) {}

std::vector<SampleBase> WalkedModel::base_pass() {
  base_ = inference::token_log_probs(walk_, world_, documents_);
  std::vector<SampleBase> samples;
  for (std::size_t d = 0; d < documents_.size(); ++d) {
    SampleBase& sample = samples.emplace_back();
    for (const double p : base_.of(static_cast<std::int64_t>(d))) {
      p == 0 ? ++sample.dropped : ++sample.tokens;
      sample.log_prob_sum += p;
    }
  }
  return samples;
}

std::vector<PassValues> WalkedModel::perturbed_passes(const Noise& noise,
                                                      std::span<const Perturbation> perturbations,
                                                      std::span<const std::int64_t> asked) {
  const std::vector<std::int64_t> samples = named_or_all(asked, documents_.size());
  const std::vector<data::Document> chosen = documents_of(documents_, samples);
  std::vector<PassValues> values;
  const auto passes = walk_all(noise, perturbations, chosen);
  for (std::size_t p = 0; p < passes.size(); ++p)
    values.push_back(compare(passes[p], perturbations[p].eps, samples));
  return values;
}

std::vector<inference::TokenLogProbs> WalkedModel::walk_all(const Noise& noise,
                                                            std::span<const Perturbation> perturbations,
                                                            std::span<const data::Document> documents) {
  std::vector<PerturbedWeights> sources;
  for (const Perturbation& perturbation : perturbations)
    sources.emplace_back(store_.index(), noise, perturbation);
  std::vector<inference::TokenLogProbs> passes;
  if (!store_.can_view()) {  // bf16 travels, and noise is added to float32: a gather each
    for (const PerturbedWeights& source : sources)
      passes.push_back(inference::token_log_probs(walk_, world_, documents, &source));
    return passes;
  }
  passes.assign(sources.size(), inference::empty_log_probs(documents));
  const auto packs = data::packs_of(documents);
  const bool sharded = store_.grid().shard_size() > 1;
  for (const auto& round :
       rounds_of_jobs(sources.size(), packs.size(), world_, jobs_at_once(/*jets=*/false, sharded), sharded)) {
    std::vector<data::Pack> made;
    std::vector<const sharding::WeightSource*> seen;
    for (const Job& job : round) {
      made.push_back(data::make_pack(documents_of(documents, packs[job.pack])));
      seen.push_back(&sources[job.draw]);
    }
    const auto values = walk_.forward(made, {.sources = seen});
    for (std::size_t i = 0; i < round.size(); ++i)
      inference::put_pack(values[i][0], made[i], packs[round[i].pack], passes[round[i].draw]);
  }
  // Each value was computed by one rank and is zero on the others, so the sum is exact.
  for (inference::TokenLogProbs& pass : passes) world_.all_reduce(dist::span_of(std::span(pass.values)));
  return passes;
}

PassValues WalkedModel::compare(const inference::TokenLogProbs& perturbed, double eps,
                                std::span<const std::int64_t> samples) const {
  PassValues values;
  for (std::size_t i = 0; i < samples.size(); ++i) {
    const auto before = base_.of(samples[i]), after = perturbed.of(static_cast<std::int64_t>(i));
    double ratio = 0, difference = 0;
    for (std::size_t t = 0; t < before.size(); ++t) {
      if (before[t] == 0) continue;  // exact underflow: the token is dropped from sum and count
      ratio += (before[t] - after[t]) / std::min(before[t], -eps);
      difference += before[t] - after[t];
    }
    values.ratio.push_back(ratio);
    values.difference.push_back(difference);
  }
  return values;
}

Precision WalkedModel::precision() const { return precision_of(store_); }

Precision precision_of(const sharding::WeightStore& store) {
  switch (store.options().seen()) {
    case at::kDouble:
      return Precision::float64;
    case at::kBFloat16:
      return Precision::bfloat16;
    default:
      return Precision::float32;
  }
}

std::int64_t WalkedModel::draws_at_once() const {
  return draws_that_keep_busy(world_.size(), static_cast<std::int64_t>(data::packs_of(documents_).size()));
}

}  // namespace lethe::scoring
