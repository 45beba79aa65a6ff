#include "framework/planning/step_time.h"

#include <algorithm>

#include "framework/planning/memory.h"
#include "framework/planning/stage.h"

namespace lethe::planning {
namespace {

constexpr double kWorthIt = 0.9;  // of the time: less of a gain is within what this model leaves out

double size_of(const models::DecoderModel& model, int segment) {
  return static_cast<double>(model.index.segments()[segment].count);
}

// A ring of n ranks: what each receives of `bytes` that are gathered, or reduced and scattered.
double ring(double bytes, int ranks) { return bytes * (ranks - 1) / ranks; }

// Elements of the blocks of the walk. A tied embedding is two of them: its gradients travel for each use.
struct Blocks {
  Blocks(const models::DecoderModel& model, int last_layer)
      : embedding(size_of(model, model.segment_of(model.embedding))),
        norm(size_of(model, model.segment_of(model.final_norm))),
        head(size_of(model, model.segment_of(model.head))),
        tied(model.head == model.embedding) {
    for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
      const double size = size_of(model, model.layers[layer].segment);
      layers += size;
      if (last_layer < 0 || layer <= static_cast<std::size_t>(last_layer)) walked += size;
    }
    if (last_layer < 0) walked_head = norm + head;
  }
  double owned() const { return embedding + layers + norm + (tied ? 0 : head); }
  double reduced_in_a_wave() const { return embedding + layers + norm + head; }
  double gathered_in_a_wave() const { return embedding + 2 * (walked + walked_head); }
  double gathered_once() const { return walked_head > 0 ? owned() : embedding + walked; }

  double embedding = 0, layers = 0, norm = 0, head = 0;
  double walked = 0, walked_head = 0;  // layers, norm and head that a pass reads
  bool tied = false;
};

double gathered_elements(const Blocks& blocks, const Workload& load, int waves) {
  if (load.zero == 0) return 0;
  return load.zero == 3 ? waves * blocks.gathered_in_a_wave() : blocks.gathered_once();
}

double reduced_elements(const Blocks& blocks, const Workload& load, int waves) {
  if (load.zero == 0) return 0;
  return load.zero == 1 ? blocks.owned() : waves * blocks.reduced_in_a_wave();
}

}  // namespace

StepTime least_step_time(const models::DecoderModel& model, const Workload& load, const UpdateWork& work,
                         const RankSpeed& speed) {
  const Blocks blocks(model, load.last_layer);
  const int ranks = load.shard_size * load.replicas;
  const auto state = static_cast<double>(std::max<std::uint64_t>(load.compute_bytes, 4));
  const double wire = static_cast<double>(load.wire_bytes ? load.wire_bytes : load.compute_bytes);
  const double reduction = load.reduction_bytes ? static_cast<double>(load.reduction_bytes) : state;
  StepTime time{.flops = models::update_flops(
                             model, [](int) { return true; }, work.batch, load.last_layer) /
                         ranks};
  time.gathered =
      static_cast<std::uint64_t>(ring(gathered_elements(blocks, load, work.waves) * wire, load.shard_size));
  const double replicas = 2 * ring(blocks.owned() / load.shard_size * reduction, load.replicas);
  const double shards = ring(reduced_elements(blocks, load, work.waves) * reduction, load.shard_size);
  time.reduced = static_cast<std::uint64_t>(shards + replicas);
  time.compute_seconds = time.flops / speed.flops;
  time.wire_seconds = static_cast<double>(time.gathered + time.reduced) / speed.bytes;
  return time;
}

std::optional<Workload> faster_grid(const models::DecoderModel& model, const Workload& load,
                                    const UpdateWork& work, const RankSpeed& speed, int group,
                                    std::uint64_t available) {
  const int world = load.shard_size * load.replicas;
  std::optional<Workload> best;
  double least = kWorthIt * least_step_time(model, load, work, speed).seconds();
  for (const int shard : {1, group, world}) {
    for (const int zero : {0, 1, 2, 3}) {
      if ((zero == 0) != (shard == 1)) continue;
      Workload other = load;
      other.zero = zero, other.shard_size = shard, other.replicas = world / shard;
      const double needs = static_cast<double>(total_bytes(predict_memory(model, other)));
      const double seconds = least_step_time(model, other, work, speed).seconds();
      if (needs * kResidentOverTensors > static_cast<double>(available) || seconds >= least) continue;
      best = other, least = seconds;
    }
  }
  return best;
}

}  // namespace lethe::planning
