#include "framework/run/plan.h"

#include <algorithm>
#include <nlohmann/json.hpp>

#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/data/forget_retain.h"
#include "framework/data/sample_tokens.h"
#include "framework/planning/stage.h"
#include "framework/run/engine.h"
#include "framework/run/grid_choice.h"
#include "framework/run/machine.h"

namespace lethe::run {
namespace {

SampleLength length_of(const data::SampleTokenizer& tokenizer, const data::Sample& sample) {
  const data::TokenizedSample tokens = tokenizer.tokenize(sample.question, sample.answer);
  const auto count = static_cast<std::int64_t>(tokens.ids.size());
  return {.tokens = count,
          .scored = count - std::min(count, std::max<std::int64_t>(tokens.prompt_tokens, 1))};
}

struct MeasuredData {
  std::int64_t vocab = 0;
  DataLengths lengths;
};

MeasuredData measure_data(const RunConfig& config) {
  const auto directory = tokenizer_directory(config);
  const auto tokenizer = data::Tokenizer::load(directory, config.special_tokens);
  std::optional<data::ChatTemplate> chat;
  if (config.data.text.apply_chat_template) chat = data::ChatTemplate::load(directory);
  const data::SampleTokenizer samples(tokenizer, chat ? &*chat : nullptr, config.data.text);
  const data::ForgetRetain sets = data::read_forget_retain(config.data);
  MeasuredData data{.vocab = tokenizer.vocab_size(), .lengths = {}};
  for (const data::Sample& sample : sets.forget.samples)
    data.lengths.forget.push_back(length_of(samples, sample));
  for (const data::Sample& sample : sets.retain.samples)
    data.lengths.retain.push_back(length_of(samples, sample));
  return data;
}

}  // namespace

MemoryPlan plan_memory(const RunConfig& config, const PlanRequest& request) {
  const MeasuredData data = measure_data(config);
  const NodePlan one_node{.nodes = 1, .ranks_each = request.ranks};
  const int group = shard_group(config.parallel.shard, one_node, request.ranks);
  const std::uint64_t memory =
      request.memory.value_or(available_memory() / static_cast<std::uint64_t>(request.ranks));
  MemoryPlan plan{.model = models::make_decoder_model(model_shape(config, data.vocab)),
                  .ranks = request.ranks};
  plan.load = workload_of(config, data.lengths, group, request.ranks);
  if (config.parallel.zero == "auto") {
    plan.load = planning::smallest_stage(plan.model, plan.load, group, memory).load;
    plan.stage_choice = fmt::format(", auto for {} a rank", base::readable_bytes(memory));
  } else {
    const auto shape = sharding::grid_shape(std::stoi(config.parallel.zero), group, request.ranks);
    plan.load.zero = shape.zero, plan.load.shard_size = shape.shard_size;
    plan.load.replicas = request.ranks / shape.shard_size;
  }
  plan.entries = planning::predict_memory(plan.model, plan.load);
  plan.remedies = planning::remedies(plan.model, plan.load, request.ranks);
  return plan;
}

void require_memory(const MemoryPlan& plan, std::uint64_t available) {
  planning::require_memory(plan.model, plan.load, plan.ranks, available);
}

std::string plan_text(const MemoryPlan& plan, const PlanRequest& request) {
  std::string text =
      fmt::format("memory of a rank, {} rank{}, zero {}{}, shard group of {}\n", request.ranks,
                  request.ranks == 1 ? "" : "s", plan.load.zero, plan.stage_choice, plan.load.shard_size);
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
