#include "framework/run/plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/data/forget_retain.h"
#include "framework/data/sample_tokens.h"
#include "framework/models/model_path.h"
#include "framework/run/engine.h"
#include "framework/run/objective_inputs.h"
#include "framework/sharding/grid.h"

namespace lethe::run {
namespace {

struct Lengths {
  std::int64_t tokens = 0, scored = 0;
};

Lengths length_of(const data::SampleTokenizer& tokenizer, const data::Sample& sample) {
  const data::TokenizedSample tokens = tokenizer.tokenize(sample.question, sample.answer);
  const auto count = static_cast<std::int64_t>(tokens.ids.size());
  return {.tokens = count,
          .scored = count - std::min(count, std::max<std::int64_t>(tokens.prompt_tokens, 1))};
}

struct DataSize {
  std::int64_t vocab = 0, forget_scored = 0, retain_scored = 0;
  Lengths pack;  // of the largest micro-batch that the sets can make
};

DataSize measure_data(const RunConfig& config) {
  const auto directory = tokenizer_directory(config);
  const auto tokenizer = data::Tokenizer::load(directory, config.special_tokens);
  std::optional<data::ChatTemplate> chat;
  if (config.data.text.apply_chat_template) chat = data::ChatTemplate::load(directory);
  const data::SampleTokenizer samples(tokenizer, chat ? &*chat : nullptr, config.data.text);
  const data::ForgetRetain sets = data::read_forget_retain(config.data);
  DataSize size{.vocab = tokenizer.vocab_size()};
  std::vector<Lengths> all;
  for (const data::Sample& sample : sets.forget.samples) {
    all.push_back(length_of(samples, sample));
    size.forget_scored += all.back().scored;
  }
  for (const data::Sample& sample : sets.retain.samples) {
    all.push_back(length_of(samples, sample));
    size.retain_scored += all.back().scored;
  }
  const auto batch =
      std::min<std::int64_t>(config.train.micro_batch,
                             std::min<std::int64_t>(static_cast<std::int64_t>(all.size()),
                                                    config.train.forget_batch + config.train.retain_batch));
  std::ranges::sort(all, std::greater<>(), &Lengths::tokens);
  for (std::int64_t i = 0; i < batch; ++i) {
    size.pack.tokens += all[static_cast<std::size_t>(i)].tokens;
    size.pack.scored += all[static_cast<std::size_t>(i)].scored;
  }
  return size;
}

models::HfConfig shape_of(const RunConfig& config, std::int64_t vocab) {
  if (config.model.init != "random")
    return models::read_hf_config(models::resolve_model_path(config.model.path));
  models::HfConfig shape = config.model.random;
  shape.vocab_size = vocab;
  return shape;
}

std::int64_t reference_tokens(const objectives::Needs& needs, const DataSize& data) {
  using objectives::Role;
  return (needs[Role::forget].reference_log_prob ? data.forget_scored : 0) +
         (needs[Role::retain].reference_log_prob ? data.retain_scored : 0);
}

planning::Workload load_of(const RunConfig& config, const DataSize& data, int ranks) {
  const sharding::GridShape grid = sharding::grid_shape(static_cast<int>(config.parallel.zero),
                                                        static_cast<int>(config.parallel.shard), ranks);
  return {.zero = grid.zero,
          .shard_size = grid.shard_size,
          .replicas = ranks / grid.shard_size,
          .compute_bytes = c10::elementSize(compute_dtype(config.model.compute)),
          .wire_bytes = c10::elementSize(store_options(config).seen()),
          .reduction_bytes = c10::elementSize(reduction_dtype(config)),
          .moment_bytes = config.train.optimizer.moments == "bfloat16" ? 2u : 0u,
          .prefetch = config.parallel.prefetch,
          .recompute = config.parallel.recompute,
          .pack_tokens = data.pack.tokens,
          .scored_tokens = data.pack.scored,
          .reference_tokens = reference_tokens(config.objective->needs(), data),
          .frozen_shard_size =
              needs_frozen_model(config.objective->needs())
                  ? sharding::grid_shape(3, static_cast<int>(config.parallel.shard), ranks).shard_size
                  : 0};
}

}  // namespace

MemoryPlan plan_memory(const RunConfig& config, int ranks) {
  const DataSize data = measure_data(config);
  const models::DecoderModel model = models::make_decoder_model(shape_of(config, data.vocab));
  const planning::Workload load = load_of(config, data, ranks);
  return {.load = load,
          .entries = planning::predict_memory(model, load),
          .remedies = planning::remedies(model, load, ranks)};
}

void require_memory(const MemoryPlan& plan, std::uint64_t available) {
  planning::require_memory(plan.entries, plan.remedies, available);
}

std::string plan_text(const MemoryPlan& plan, const PlanRequest& request) {
  std::string text = fmt::format("memory of a rank, {} rank{}, zero {}, shard group of {}\n", request.ranks,
                                 request.ranks == 1 ? "" : "s", plan.load.zero, plan.load.shard_size);
  for (const planning::MemoryEntry& entry : plan.entries)
    text +=
        fmt::format("  {:12} {:>10}  {}\n", entry.category, base::readable_bytes(entry.bytes), entry.what);
  text += fmt::format("  {:12} {:>10}  without the process itself (code, LibTorch, MPI)\n", "total",
                      base::readable_bytes(planning::total_bytes(plan.entries)));
  for (const planning::Remedy& remedy : plan.remedies)
    text += fmt::format("less with {}: −{}\n", remedy.setting, base::readable_bytes(remedy.saved));
  if (request.memory) text += fmt::format("fits into {}\n", base::readable_bytes(*request.memory));
  return text;
}

std::string plan_json(const MemoryPlan& plan, const PlanRequest& request) {
  nlohmann::ordered_json json = {
      {"ranks", request.ranks}, {"zero", plan.load.zero}, {"shard", plan.load.shard_size}};
  for (const planning::MemoryEntry& entry : plan.entries) json["bytes"][entry.category] = entry.bytes;
  json["total"] = planning::total_bytes(plan.entries);
  for (const planning::Remedy& remedy : plan.remedies)
    json["remedies"].push_back({{"setting", remedy.setting}, {"saves", remedy.saved}});
  return json.dump() + "\n";
}

}  // namespace lethe::run
