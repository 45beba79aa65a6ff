#include "framework/run/workload.h"

#include <algorithm>
#include <functional>

#include "framework/base/error.h"
#include "framework/data/alternates.h"
#include "framework/ops/product.h"
#include "framework/run/command_config.h"
#include "framework/run/engine.h"
#include "framework/run/measurement.h"
#include "framework/run/objective_inputs.h"
#include "framework/sharding/gradient_store.h"
#include "framework/training/batch_plan.h"
#include "framework/training/objective_pack.h"
#include "framework/training/trainable.h"

namespace lethe::run {
namespace {

using objectives::Needs;
using objectives::Role;

std::int64_t scored_tokens(const std::vector<SampleLength>& samples) {
  std::int64_t sum = 0;
  for (const SampleLength& sample : samples) sum += sample.scored;
  return sum;
}

const std::vector<SampleLength>& lengths_of(const DataLengths& data, Role role) {
  switch (role) {
    case Role::forget:
      return data.forget;
    case Role::retain:
      return data.retain;
    case Role::alternate:
      return data.alternate;
    case Role::retain_alternate:
      return data.retain_alternate;
  }
  LETHE_CHECK(false, "a role without lengths");
}

// Of a file of refusals as many a sample as are drawn for it, each as the longest.
std::int64_t reference_tokens(const RunConfig& config, const DataLengths& data) {
  const Needs needs = config.objective->needs();
  std::int64_t tokens = 0;
  for (const Role role : {Role::forget, Role::retain, Role::alternate, Role::retain_alternate}) {
    const bool drawn =
        (role == Role::alternate || role == Role::retain_alternate) && !config.data.alternate.path.empty();
    if (needs[role].reference_log_prob)
      tokens += scored_tokens(lengths_of(data, role)) * (drawn ? config.data.alternate.variants : 1);
  }
  return tokens;
}

std::vector<SampleLength> longest_of_each(const data::Alternates& alternates,
                                          const data::SampleTokenizer& tokenizer) {
  std::vector<SampleLength> longest;
  for (std::size_t i = 0; i < alternates.file.samples.size(); ++i) {
    const SampleLength length = length_of(tokenizer.tokenize(alternates.file.samples[i]));
    if (i % static_cast<std::size_t>(alternates.per_sample) == 0) longest.emplace_back();
    if (length.tokens > longest.back().tokens) longest.back() = length;
  }
  return longest;
}

// What each sample brings to an update: the documents that the objective reads.
std::vector<SampleLength> brought(const Needs& needs, const DataLengths& data, Role own, Role other) {
  std::vector<SampleLength> sums;
  for (const Role role : {own, other}) {
    if (!needs[role].present) continue;
    const std::vector<SampleLength>& lengths = lengths_of(data, role);
    sums.resize(std::max(sums.size(), lengths.size()));
    for (std::size_t i = 0; i < lengths.size(); ++i)
      sums[i].tokens += lengths[i].tokens, sums[i].scored += lengths[i].scored;
  }
  return sums;
}

// As many of the set's longest as a batch has; from the longest again where the set has fewer.
void add_longest(std::vector<SampleLength> set, std::int64_t count, std::vector<SampleLength>& batch) {
  if (set.empty()) return;
  std::ranges::sort(set, std::greater<>(), &SampleLength::tokens);
  for (std::size_t i = 0; i < static_cast<std::size_t>(count); ++i) batch.push_back(set[i % set.size()]);
}

// What a rank holds at once in a wave.
planning::PackSize size_of(const training::BatchPlan& plan, const std::vector<int>& packs,
                           const std::vector<SampleLength>& samples) {
  planning::PackSize size;
  for (const int pack : packs) {
    for (const training::BatchItem& item : plan.packs[static_cast<std::size_t>(pack)]) {
      const SampleLength& sample = samples[static_cast<std::size_t>(item.sample)];
      size.tokens += sample.tokens, size.scored += sample.scored;
    }
  }
  return size;
}

}  // namespace

SampleLength length_of(const data::TokenizedSample& sample) {
  const auto count = static_cast<std::int64_t>(sample.ids.size());
  return {.tokens = count,
          .scored = count - std::min(count, std::max<std::int64_t>(sample.prompt_tokens, 1))};
}

std::vector<SampleLength> lengths_of(const SampleSet& set) {
  std::vector<SampleLength> lengths;
  for (const data::Document& document : set.documents)
    lengths.push_back({static_cast<std::int64_t>(document.ids.size()), document.scored_tokens()});
  return lengths;
}

DataLengths lengths_of(const SampleSets& sets) {
  return {.forget = lengths_of(sets.forget), .retain = lengths_of(sets.retain)};
}

void add_alternates(DataLengths& lengths, const RunConfig& config, std::span<const data::Sample> forget,
                    std::span<const data::Sample> retain, const data::SampleTokenizer& tokenizer) {
  const Needs needs = config.objective ? config.objective->needs() : Needs{};
  const auto measure = [&](std::span<const data::Sample> samples, const data::SourceOptions& source) {
    return longest_of_each(
        data::read_alternates(config.data.alternate, samples, /*samples_hash=*/"", source, config.seed),
        tokenizer);
  };
  if (needs[Role::alternate].present) lengths.alternate = measure(forget, config.data.forget);
  if (needs[Role::retain_alternate].present) lengths.retain_alternate = measure(retain, config.data.retain);
}

UpdateSamples samples_of_update(const RunConfig& config, const DataLengths& data) {
  const auto drawn = [](const sampling::Sampler& sampler, std::int64_t size, const auto& set) {
    return sampler.drawn(size, static_cast<std::int64_t>(set.size()));
  };
  return {.forget = reads_forget(config) ? drawn(*config.sampler, config.train.forget_batch, data.forget) : 0,
          .retain = reads_retain(config)
                        ? drawn(*config.retain_sampler, config.train.retain_batch, data.retain)
                        : 0};
}

planning::PackSize largest_pack(const RunConfig& config, const DataLengths& data, int ranks,
                                std::int64_t micro_batch) {
  const Needs needs = config.objective->needs();
  const UpdateSamples update = samples_of_update(config, data);
  std::vector<SampleLength> samples;
  add_longest(brought(needs, data, Role::forget, Role::alternate), update.forget, samples);
  add_longest(brought(needs, data, Role::retain, Role::retain_alternate), update.retain, samples);
  std::vector<training::BatchItem> items;
  for (std::size_t i = 0; i < samples.size(); ++i)
    items.push_back({.sample = static_cast<std::int64_t>(i), .tokens = samples[i].tokens});
  const training::BatchPlan plan = training::plan_batch(
      items, ranks, {.micro_batch = micro_batch, .logical_shards = config.logical_shards()});
  planning::PackSize largest{.micro_batch = micro_batch};
  for (const auto& wave : plan.waves) {
    if (config.logical_shards() > 0) largest.leaves.push_back(wave.front());
    for (const std::vector<int>& share : wave) {
      const planning::PackSize pack = size_of(plan, share, samples);
      if (pack.tokens > largest.tokens) largest.tokens = pack.tokens, largest.scored = pack.scored;
    }
  }
  return largest;
}

planning::Workload workload_of(const RunConfig& config, const models::ParameterIndex& index,
                               const DataLengths& data, int group, int world) {
  const std::int64_t micro_batch =
      std::clamp<std::int64_t>(samples_of_update(config, data).all(), 1, config.train.micro_batch);
  planning::PackSize pack = largest_pack(config, data, world, micro_batch);
  planning::Workload load{.measures = refresh_passes(config, data, world),
                          .trained_segments = sharding::segments_with_trained(
                              index, training::trained_parameters(index, config.train.trainable)),
                          .replicas = world,
                          .shard_group = group,
                          .compute_bytes = c10::elementSize(compute_dtype(config.model.compute)),
                          .wire_bytes = c10::elementSize(store_options(config).seen()),
                          .reduction_bytes = c10::elementSize(reduction_dtype(config)),
                          .moment_bytes = config.train.optimizer.moments == "bfloat16" ? 2u : 0u,
                          .prefetch = config.parallel.prefetch,
                          .recompute = config.parallel.recompute,
                          .offload_inputs = config.parallel.offload_inputs,
                          .device = config.device == "cuda",
                          .pack_tokens = pack.tokens,
                          .scored_tokens = pack.scored,
                          .reference_tokens = reference_tokens(config, data),
                          .frozen_shard_size = needs_frozen_model(config.objective->needs()) ? group : 0,
                          .last_layer = config.objective->needs().last_layer(),
                          .leaves = pack.leaves,
                          .statistics = ops::held_by(training::statistics_of(config.objective->needs()))};
  const planning::PackSize whole = pack_of_whole_sets(config, data);
  load.measures.pack.tokens = std::max(load.measures.pack.tokens, whole.tokens);
  load.measures.pack.scored = std::max(load.measures.pack.scored, whole.scored);
  load.widens_bf16 = !load.device && !ops::multiplied_natively(at::kBFloat16, at::kCPU);
  for (std::int64_t fewer = micro_batch / 2; fewer >= 1; fewer /= 2) {
    const planning::PackSize smaller = largest_pack(config, data, world, fewer);
    if (smaller.tokens < pack.tokens) load.smaller_packs.push_back(pack = smaller);
  }
  for (int ranks = 2 * world;; ranks *= 2) {
    const planning::PackSize share = largest_pack(config, data, ranks, micro_batch);
    const std::int64_t before =
        load.more_ranks_packs.empty() ? load.pack_tokens : load.more_ranks_packs.back().tokens;
    if (share.tokens >= before) break;
    load.more_ranks_packs.push_back(share);
  }
  return load;
}

}  // namespace lethe::run
