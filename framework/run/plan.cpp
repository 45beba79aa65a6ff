#include "framework/run/plan.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/data/forget_retain.h"
#include "framework/data/sample_tokens.h"
#include "framework/data/text_windows.h"
#include "framework/dist/process_group.h"
#include "framework/planning/stage.h"
#include "framework/records/run_directory.h"
#include "framework/run/engine.h"
#include "framework/run/grid_choice.h"
#include "framework/run/machine.h"
#include "framework/run/objective_inputs.h"
#include "framework/training/flops.h"
#include "framework/training/trainable.h"

namespace lethe::run {
namespace {

// As training has it, without a token store.
struct TokenizedSet {
  std::vector<data::TokenizedSample> tokens;  // which the documents are made of
  SampleSet set;
};

TokenizedSet tokenized(const char* name, std::vector<data::Sample> samples,
                       const data::SampleTokenizer& tokenizer) {
  TokenizedSet all{.tokens = {}, .set = {.name = name}};
  for (data::Sample& sample : samples) {
    data::TokenizedSample tokens = tokenizer.tokenize(sample);
    const data::Document document{.ids = tokens.ids, .prompt_tokens = tokens.prompt_tokens};
    if (document.scored_tokens() == 0) continue;
    all.tokens.push_back(std::move(tokens));  // its ids stay where they are
    all.set.documents.push_back(document);
    all.set.samples.push_back(std::move(sample));
  }
  return all;
}

// Scores may be still to come, of an earlier stage: then it is not known which samples they will choose.
bool can_select(const data::SelectOptions& options) {
  return options.by == "length" || std::filesystem::exists(records::RunPaths{options.scores}.scores());
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
  data::ForgetRetain sets = data::read_forget_retain(config.data);
  for (auto [set, source] :
       {std::pair(&sets.forget, &config.data.forget), {&sets.retain, &config.data.retain}})
    if (source->format == "text") *set = data::cut_windows(*set, tokenizer, *source);
  MeasuredData data{.vocab = tokenizer.vocab_size(), .lengths = {}};
  TokenizedSet forget = tokenized("forget", std::move(sets.forget.samples), samples),
               retain = tokenized("retain", std::move(sets.retain.samples), samples);
  if (config.data.select && can_select(*config.data.select)) select_samples(forget.set, *config.data.select);
  data.lengths = {.forget = lengths_of(forget.set), .retain = lengths_of(retain.set)};
  add_alternates(data.lengths, config, forget.set.samples, retain.set.samples, samples);
  return data;
}

void add_mean(const std::vector<SampleLength>& lengths, std::int64_t batch, models::BatchTokens& total) {
  const double share = static_cast<double>(batch) / std::max<double>(1, static_cast<double>(lengths.size()));
  for (const SampleLength& sample : lengths) {
    const auto tokens = static_cast<double>(sample.tokens);
    total.tokens += share * tokens;
    total.scored += share * static_cast<double>(sample.scored);
    total.squared_lengths += share * tokens * tokens;
  }
}

planning::UpdateWork work_of(const RunConfig& config, const models::ParameterIndex& index,
                             const DataLengths& data, int ranks) {
  const UpdateSamples samples = samples_of_update(config, data);
  const std::int64_t at_once = ranks * std::clamp<std::int64_t>(samples.all(), 1, config.train.micro_batch);
  planning::UpdateWork work{
      .batch = {},
      .waves = static_cast<int>((samples.all() + at_once - 1) / at_once),
      .trained_parameters = training::trained_parameters(index, config.train.trainable)};
  const objectives::Needs needs = config.objective->needs();
  using objectives::Role;
  if (needs[Role::forget].present) add_mean(data.forget, samples.forget, work.batch);
  if (needs[Role::retain].present) add_mean(data.retain, samples.retain, work.batch);
  add_mean(data.alternate, samples.forget, work.batch);
  add_mean(data.retain_alternate, samples.retain, work.batch);
  return work;
}

// Bytes/s of a copy in memory: ranks of one machine exchange no faster.
double copy_speed() {
  const std::vector<std::byte> from(std::size_t{64} << 20, std::byte{1});
  std::vector<std::byte> to(from.size());
  double best = 0;
  for (int round = 0; round < 3; ++round) {
    const auto start = std::chrono::steady_clock::now();
    std::memcpy(to.data(), from.data(), from.size());
    const std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(to.size()) / std::max(seconds.count(), 1e-9));
  }
  return best;
}

planning::RankSpeed speed_of(const RunConfig& config, planning::RankSpeed asked) {
  set_threads(config);
  if (asked.flops == 0)
    asked.flops = training::matmul_peak(at::TensorOptions(compute_dtype(config.model.compute)),
                                        *dist::make_single_group());
  if (asked.bytes == 0) asked.bytes = copy_speed();
  return asked;
}

std::string entries_text(const std::vector<planning::MemoryEntry>& entries) {
  std::string text;
  for (const planning::MemoryEntry& entry : entries)
    text +=
        fmt::format("  {:12} {:>10}  {}\n", entry.category, base::readable_bytes(entry.bytes), entry.what);
  return text;
}

std::string grid_text(const planning::Workload& load) {
  return fmt::format("parallel.zero: {}{}", load.zero,
                     load.zero == 0 ? "" : fmt::format(" and parallel.shard: {}", load.shard_size));
}

bool assumes_one_node(const RunConfig& config, const PlanRequest& request) {
  const std::string& shard = config.parallel.shard;
  return !request.ranks_per_node && request.ranks > 1 && (shard == "auto" || shard == "node");
}

}  // namespace

MemoryPlan plan_memory(const RunConfig& config, const PlanRequest& request) {
  const MeasuredData data = measure_data(config);
  const int per_node = request.ranks_per_node.value_or(request.ranks);
  const NodePlan nodes{.nodes = request.ranks / per_node, .ranks_each = per_node};
  const int group = shard_group(config.parallel.shard, nodes, request.ranks);
  const std::uint64_t memory =
      request.memory.value_or(available_memory() / static_cast<std::uint64_t>(per_node));
  MemoryPlan plan{.model = models::make_decoder_model(model_shape(config, data.vocab)),
                  .ranks = request.ranks,
                  .ranks_per_node = per_node,
                  .shard_group = group,
                  .assumes_one_node = assumes_one_node(config, request),
                  .available = memory};
  check_objective(config, plan.model);
  plan.load = workload_of(config, plan.model.index, data.lengths, group, request.ranks);
  if (config.parallel.zero == "auto") {
    plan.load = planning::smallest_stage(plan.model, plan.load, group, memory).load;
    plan.stage_choice = fmt::format(", auto for {} a rank", base::readable_bytes(memory));
  } else {
    const auto shape = sharding::grid_shape(std::stoi(config.parallel.zero), group, request.ranks);
    plan.load.zero = shape.zero, plan.load.shard_size = shape.shard_size;
    plan.load.replicas = request.ranks / shape.shard_size;
  }
  plan.entries = planning::predict_memory(plan.model, plan.load);
  plan.host_entries = planning::predict_host_memory(plan.model, plan.load);
  plan.remedies = planning::remedies(plan.model, plan.load, request.ranks);
  plan.work = work_of(config, plan.model.index, data.lengths, request.ranks);
  return plan;
}

TimePlan plan_time(const RunConfig& config, const MemoryPlan& plan, const PlanRequest& request) {
  const planning::RankSpeed speed = speed_of(config, request.speed);
  return {.speed = speed,
          .time = planning::least_step_time(plan.model, plan.load, plan.work, speed),
          .faster = planning::faster_grid(plan.model, plan.load, plan.work, speed, plan.shard_group,
                                          plan.available)};
}

void require_memory(const MemoryPlan& plan, std::uint64_t available) {
  planning::require_memory(plan.model, plan.load, plan.ranks, available);
}

std::string plan_text(const MemoryPlan& plan, const PlanRequest& request) {
  std::string text =
      fmt::format("memory of a rank, {} rank{}, zero {}{}, shard group of {}\n", request.ranks,
                  request.ranks == 1 ? "" : "s", plan.load.zero, plan.stage_choice, plan.load.shard_size);
  if (plan.assumes_one_node)
    text += fmt::format("all {} ranks taken to be on one node, a shard group; else name --ranks-per-node N\n",
                        plan.ranks);
  text += entries_text(plan.entries);
  text += fmt::format("  {:12} {:>10}  without the process itself (code, LibTorch, MPI)\n", "total",
                      base::readable_bytes(planning::total_bytes(plan.entries)));
  if (!plan.host_entries.empty())
    text += "of the host, pinned, beside that:\n" + entries_text(plan.host_entries);
  for (const planning::Remedy& remedy : plan.remedies)
    text += fmt::format("less with {}: −{}\n", remedy.setting, base::readable_bytes(remedy.saved));
  if (request.memory) text += fmt::format("fits into {}\n", base::readable_bytes(*request.memory));
  return text;
}

std::string plan_text(const TimePlan& plan, const PlanRequest& request) {
  const auto from = [](double asked) { return asked == 0 ? ", measured here" : ""; };
  const planning::StepTime& time = plan.time;
  std::string text = fmt::format(
      "time of an update: at least {:.3g} s, bound by {}\n"
      "  {:12} {:>8.3g} s  {:.3g} GFLOP of a rank at {:.3g} GFLOP/s{}\n"
      "  {:12} {:>8.3g} s  {} of weights and {} of gradients to a rank at {}/s{}\n",
      time.seconds(), time.bound_by_wire() ? "communication" : "arithmetic", "arithmetic",
      time.compute_seconds, time.flops / 1e9, plan.speed.flops / 1e9, from(request.speed.flops),
      "communication", time.wire_seconds, base::readable_bytes(time.gathered),
      base::readable_bytes(time.reduced), base::readable_bytes(static_cast<std::uint64_t>(plan.speed.bytes)),
      from(request.speed.bytes));
  if (plan.faster) text += fmt::format("less with {}\n", grid_text(*plan.faster));
  return text;
}

std::string plan_json(const MemoryPlan& plan, const TimePlan& time) {
  nlohmann::ordered_json json = {{"ranks", plan.ranks},
                                 {"ranks_per_node", plan.ranks_per_node},
                                 {"zero", plan.load.zero},
                                 {"shard", plan.load.shard_size}};
  for (const planning::MemoryEntry& entry : plan.entries) json["bytes"][entry.category] = entry.bytes;
  json["total"] = planning::total_bytes(plan.entries);
  for (const planning::MemoryEntry& entry : plan.host_entries)
    json["host_bytes"][entry.category] = entry.bytes;
  for (const planning::Remedy& remedy : plan.remedies)
    json["remedies"].push_back({{"setting", remedy.setting}, {"saves", remedy.saved}});
  json["update"] = {{"flops", time.time.flops},
                    {"gathered_bytes", time.time.gathered},
                    {"reduced_bytes", time.time.reduced},
                    {"compute_seconds", time.time.compute_seconds},
                    {"wire_seconds", time.time.wire_seconds},
                    {"bound_by", time.time.bound_by_wire() ? "communication" : "arithmetic"}};
  if (time.faster) json["faster"] = {{"zero", time.faster->zero}, {"shard", time.faster->shard_size}};
  return json.dump() + "\n";
}

}  // namespace lethe::run
