#include "framework/run/workload.h"

#include <algorithm>
#include <functional>

#include "framework/run/engine.h"
#include "framework/run/objective_inputs.h"

namespace lethe::run {
namespace {

std::vector<SampleLength> lengths_of(const SampleSet& set) {
  std::vector<SampleLength> lengths;
  for (const data::Document& document : set.documents)
    lengths.push_back({static_cast<std::int64_t>(document.ids.size()), document.scored_tokens()});
  return lengths;
}

std::int64_t scored_tokens(const std::vector<SampleLength>& samples) {
  std::int64_t sum = 0;
  for (const SampleLength& sample : samples) sum += sample.scored;
  return sum;
}

std::int64_t reference_tokens(const objectives::Needs& needs, const DataLengths& data) {
  using objectives::Role;
  return (needs[Role::forget].reference_log_prob ? scored_tokens(data.forget) : 0) +
         (needs[Role::retain].reference_log_prob ? scored_tokens(data.retain) : 0);
}

}  // namespace

DataLengths lengths_of(const SampleSets& sets) {
  return {.forget = lengths_of(sets.forget), .retain = lengths_of(sets.retain)};
}

planning::PackSize largest_pack(const DataLengths& data, std::int64_t micro_batch) {
  std::vector<SampleLength> all = data.forget;
  all.insert(all.end(), data.retain.begin(), data.retain.end());
  std::ranges::sort(all, std::greater<>(), &SampleLength::tokens);
  planning::PackSize pack{.micro_batch = micro_batch};
  for (std::size_t i = 0; i < std::min(all.size(), static_cast<std::size_t>(micro_batch)); ++i)
    pack.tokens += all[i].tokens, pack.scored += all[i].scored;
  return pack;
}

planning::Workload workload_of(const RunConfig& config, const DataLengths& data, int group, int world) {
  const std::int64_t micro_batch =
      std::min(config.train.micro_batch, config.train.forget_batch + config.train.retain_batch);
  const planning::PackSize pack = largest_pack(data, micro_batch);
  planning::Workload load{.replicas = world,
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
                          .reference_tokens = reference_tokens(config.objective->needs(), data),
                          .frozen_shard_size = needs_frozen_model(config.objective->needs()) ? group : 0,
                          .leaves = config.logical_shards()};
  for (std::int64_t fewer = micro_batch / 2; fewer >= 1; fewer /= 2)
    load.smaller_packs.push_back(largest_pack(data, fewer));
  return load;
}

}  // namespace lethe::run
