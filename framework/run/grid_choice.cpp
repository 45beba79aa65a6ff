#include "framework/run/grid_choice.h"

#include <charconv>
#include <vector>

#include "framework/base/error.h"
#include "framework/base/log.h"
#include "framework/base/text.h"
#include "framework/planning/remedies.h"
#include "framework/planning/stage.h"
#include "framework/run/engine.h"
#include "framework/run/gpu.h"
#include "framework/run/machine.h"
#include "framework/run/measurement.h"

namespace lethe::run {
namespace {

using base::readable_bytes;

int number_of(const std::string& word) {
  int number = 0;
  const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  LETHE_CHECK(error == std::errc() && end == word.data() + word.size(), "parallel: {} is no number", word);
  return number;
}

NodePlan nodes_of(dist::World& world) {
  const dist::RankInfo& info = world.info();
  std::vector<std::int64_t> mine = {info.local_rank, info.local_size},
                            all(2 * static_cast<std::size_t>(info.size));
  world.group().all_gather(dist::span_of(std::span(mine)), dist::span_of(std::span(all)));
  std::vector<LocalPlace> places;
  for (std::size_t i = 0; i < all.size(); i += 2) places.push_back({all[i], all[i + 1]});
  return node_plan(places);
}

// Of the rank that has least.
std::uint64_t available_to_a_rank(dist::World& world, at::Device device) {
  const auto of_host = available_memory() / static_cast<std::uint64_t>(std::max(world.info().local_size, 1));
  auto bytes = static_cast<std::int64_t>(free_device_memory(device).value_or(of_host));
  world.group().all_reduce({&bytes, 1, dist::DType::i64}, dist::Reduce::min);
  return static_cast<std::uint64_t>(bytes);
}

// Weights, and what the passes need: nothing is trained, and the method's frozen model is not read.
void turn_to_measuring(planning::Workload& load, const planning::Measuring& passes) {
  load.trains = false;
  load.measures = passes;
  load.trained_segments.clear();
  load.reference_tokens = 0;
  load.reduction_bytes = 0;  // a gradient that is measured travels as it is
  load.frozen_shard_size = 0;
  if (!load.leaves.empty()) load.leaves = planning::one_leaf();  // of a gradient that is measured
}

GridChoice automatic(const RunConfig& config, const models::DecoderModel& model, const DataLengths& data,
                     const GridRequest& request) {
  planning::Workload load = workload_of(config, model.index, data, request.group, request.world);
  if (request.trains)
    load.measures.evaluation = request.passes.evaluation;
  else
    turn_to_measuring(load, request.passes);
  load.device = request.device;
  const planning::Stage stage = planning::smallest_stage(model, load, request.group, request.available);
  if (request.trains) planning::require_memory(model, stage.load, request.world, request.available);
  return {
      .shape = {.zero = stage.load.zero, .shard_size = stage.load.shard_size},
      .reason = fmt::format("{}: {} of {} available to a rank",
                            stage.fits ? "auto, the smallest stage that fits" : "auto, and memory is tight",
                            readable_bytes(stage.needs), readable_bytes(request.available))};
}

void say(const RunConfig& config, const GridChoice& choice, const NodePlan& nodes) {
  const bool even = nodes.uneven.empty() || config.parallel.shard != "auto";
  spdlog::info("parallel.zero: {} ({}), shard groups of {}{}", choice.shape.zero, choice.reason,
               choice.shape.shard_size, even ? "" : "; nodes are none, because " + nodes.uneven);
}

// `request`: what the command asks; the ranks' places and memory are found out here.
GridChoice grid_of_run(const RunConfig& config, const SampleSets& sets, dist::World& world, at::Device device,
                       GridRequest request) {
  const int ranks = world.info().size;
  const NodePlan nodes = nodes_of(world);
  request.group = shard_group(config.parallel.shard, nodes, ranks);
  request.world = ranks;
  request.available = available_to_a_rank(world, device);
  request.device = device.type() != at::kCPU;
  const models::DecoderModel model =
      models::make_decoder_model(model_shape(config, sets.tokenizer().vocab_size()));
  DataLengths lengths = lengths_of(sets);
  if (request.trains && config.evaluates()) request.passes = evaluation_passes(config, sets.evaluated());
  if (request.trains)  // what measures reads no other answers, and its sets need have none
    add_alternates(lengths, config, sets.forget.samples, sets.retain.samples, sets.sample_tokenizer());
  const GridChoice choice = choose_grid(config, model, lengths, request);
  if (world.info().rank == 0) say(config, choice, nodes);
  return choice;
}

}  // namespace

NodePlan node_plan(std::span<const LocalPlace> places) {
  NodePlan plan{.nodes = 0, .ranks_each = static_cast<int>(places.front().size)};
  for (std::size_t rank = 0; rank < places.size(); ++rank) {
    const LocalPlace& place = places[rank];
    plan.nodes += place.rank == 0 ? 1 : 0;
    if (place.size != plan.ranks_each)
      plan.uneven = fmt::format("nodes have {} and {} ranks", plan.ranks_each, place.size);
    else if (place.rank != static_cast<std::int64_t>(rank) % place.size && plan.uneven.empty())
      plan.uneven = "the ranks of a node do not follow one another (start them with --map-by slot)";
  }
  return plan;
}

int shard_group(const std::string& word, const NodePlan& nodes, int world) {
  if (word == "world" || word == "0") return world;
  if (word == "auto") return nodes.uneven.empty() ? nodes.ranks_each : world;
  if (word == "node" && !nodes.uneven.empty())
    fail("config.conflict", "parallel.shard: node is no shard group: " + nodes.uneven,
         "set parallel.shard: world, or give every node equally many ranks");
  return sharding::grid_shape(3, word == "node" ? nodes.ranks_each : number_of(word), world).shard_size;
}

GridChoice choose_grid(const RunConfig& config, const models::DecoderModel& model, const DataLengths& data,
                       const GridRequest& request) {
  const auto shape = [&](int zero) { return sharding::grid_shape(zero, request.group, request.world); };
  GridChoice choice;
  if (config.parallel.zero != "auto")
    choice = {.shape = shape(number_of(config.parallel.zero)), .reason = "as configured"};
  else if (request.kept)
    choice = {.shape = shape(*request.kept), .reason = "auto, as the checkpoint was made"};
  else
    choice = automatic(config, model, data, request);
  choice.shard_group = request.group;
  return choice;
}

GridChoice grid_of_training(const RunConfig& config, const SampleSets& sets, dist::World& world,
                            at::Device device, std::optional<int> kept) {
  return grid_of_run(config, sets, world, device, {.kept = kept});
}

GridChoice grid_of_measuring(const RunConfig& config, const SampleSets& sets,
                             const planning::Measuring& passes, dist::World& world, at::Device device) {
  return grid_of_run(config, sets, world, device, {.trains = false, .passes = passes});
}

}  // namespace lethe::run
