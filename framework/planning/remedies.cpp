#include "framework/planning/remedies.h"

#include <algorithm>
#include <functional>

#include "framework/base/error.h"
#include "framework/base/text.h"

namespace lethe::planning {
namespace {

using base::readable_bytes;
using walk::Recompute;

struct Change {
  std::string setting;
  Workload load;  // with it
};

std::uint64_t total_of(const models::DecoderModel& model, const Workload& load) {
  return total_bytes(predict_memory(model, load));
}

Workload sharded(Workload load, int zero, int ranks, int world) {
  load.zero = zero;
  load.shard_size = zero == 0 ? 1 : ranks;
  load.replicas = world / load.shard_size;
  return load;
}

// The shard groups that a stage above 0 works on: parallel.shard as it is, or the world.
int group_of(const Workload& load, int world) { return load.shard_group > 0 ? load.shard_group : world; }

void add_sharding(std::vector<Change>& changes, const Workload& load, int world) {
  if (world == 1) return;
  const int group = group_of(load, world);
  for (int zero = load.zero + 1; zero <= 3 && group > 1; ++zero)
    changes.push_back({fmt::format("parallel.zero: {}", zero), sharded(load, zero, group, world)});
  if (group == world) return;
  Workload whole = sharded(load, 3, world, world);
  whole.shard_group = world;
  if (whole.frozen_shard_size > 0) whole.frozen_shard_size = world;
  changes.push_back(
      {load.zero == 3 ? "parallel.shard: world" : "parallel.zero: 3 and parallel.shard: world", whole});
}

void add_recomputation(std::vector<Change>& changes, const Workload& load) {
  const auto add = [&](const std::string& setting, Recompute recompute, bool offload) {
    Workload other = load;
    other.recompute = recompute, other.offload_inputs = offload;
    changes.push_back({setting, other});
  };
  if (load.recompute < Recompute::selective)
    add("parallel.recompute: selective", Recompute::selective, load.offload_inputs);
  if (load.recompute < Recompute::full) add("parallel.recompute: full", Recompute::full, load.offload_inputs);
  // Only where inputs go to another memory.
  if (load.device && load.recompute == Recompute::full && !load.offload_inputs)
    add("parallel.offload_inputs: true", Recompute::full, true);
}

void take_pack(const PackSize& pack, Workload& load) {
  load.pack_tokens = pack.tokens, load.scored_tokens = pack.scored, load.leaves = pack.leaves;
}

void add_smaller_packs(std::vector<Change>& changes, const Workload& load) {
  for (std::size_t i = 0; i < load.smaller_packs.size(); ++i) {
    const PackSize& pack = load.smaller_packs[i];
    Workload other = load;
    take_pack(pack, other);
    other.smaller_packs.assign(load.smaller_packs.begin() + static_cast<std::ptrdiff_t>(i) + 1,
                               load.smaller_packs.end());
    changes.push_back({fmt::format("train.micro_batch: {}", pack.micro_batch), other});
  }
}

void add_precision(std::vector<Change>& changes, const Workload& load) {
  const auto add = [&](const std::string& setting, auto change) {
    Workload other = load;
    change(other);
    changes.push_back({setting, other});
  };
  if (load.compute_bytes <= 4 && load.moment_bytes != 2)
    add("train.optimizer.moments: bfloat16", [](Workload& w) { w.moment_bytes = 2; });
  if (load.compute_bytes == 4)
    add("model.compute: bfloat16", [](Workload& w) { w.compute_bytes = 2, w.wire_bytes = 0; });
}

void add_ranks(std::vector<Change>& changes, const Workload& load, int ranks, int world) {
  Workload other = sharded(load, 3, ranks, ranks);
  for (const PackSize& pack : load.more_ranks_packs) {
    if ((world *= 2) > ranks) break;
    if (pack.tokens < other.pack_tokens) take_pack(pack, other);
  }
  other.shard_group = ranks;
  if (other.frozen_shard_size > 0) other.frozen_shard_size = ranks;
  changes.push_back({fmt::format("{} ranks with parallel.zero: 3 and parallel.shard: world", ranks), other});
}

// Those that the run's own ranks can make, the least costly first.
std::vector<Change> changes_of(const Workload& load, int world) {
  std::vector<Change> changes;
  add_sharding(changes, load, world);
  add_recomputation(changes, load);
  add_smaller_packs(changes, load);
  add_precision(changes, load);
  return changes;
}

using Add = std::function<void(std::vector<Change>&, const Workload&)>;

// One kind of change after the other on top of those before, each at its strongest, until all fits; weaker
// ones of the last kind first.
std::optional<Change> piled_up(const models::DecoderModel& model, const Workload& load, int world,
                               std::uint64_t available) {
  const Add kinds[] = {[world](auto& changes, const Workload& w) { add_sharding(changes, w, world); },
                       add_recomputation,
                       add_recomputation,
                       add_smaller_packs,
                       add_precision,
                       add_precision};
  Change so_far{"", load};
  for (const Add& add : kinds) {
    std::vector<Change> changes;
    add(changes, so_far.load);
    for (Change& change : changes) {
      if (!so_far.setting.empty()) change.setting = so_far.setting + " and " + change.setting;
      if (total_of(model, change.load) <= available) return change;
    }
    if (!changes.empty() && total_of(model, changes.back().load) < total_of(model, so_far.load))
      so_far = changes.back();
  }
  for (int ranks = 2 * world; ranks <= 1024 * world; ranks *= 2) {
    std::vector<Change> more;
    for (const Change& from : {Change{"", load}, so_far}) {
      add_ranks(more, from.load, ranks, world);
      if (!from.setting.empty()) more.back().setting = from.setting + " and " + more.back().setting;
      if (total_of(model, more.back().load) <= available) return more.back();
    }
  }
  return std::nullopt;
}

}  // namespace

std::vector<Remedy> remedies(const models::DecoderModel& model, const Workload& load, int world) {
  const std::uint64_t now = total_of(model, load);
  std::vector<Change> changes = changes_of(load, world);
  add_ranks(changes, load, 2 * world, world);
  std::vector<Remedy> found;
  for (const Change& change : changes) {
    const std::uint64_t then = total_of(model, change.load);
    if (then < now) found.push_back({change.setting, now - then});
  }
  std::ranges::stable_sort(found, std::greater<>(), &Remedy::saved);
  return found;
}

std::optional<Remedy> least_remedy(const models::DecoderModel& model, const Workload& load, int world,
                                   std::uint64_t available) {
  const std::uint64_t now = total_of(model, load);
  const auto remedy = [&](const Change& change) {
    return Remedy{change.setting, now - std::min(now, total_of(model, change.load))};
  };
  for (const Change& change : changes_of(load, world))
    if (total_of(model, change.load) <= available) return remedy(change);
  const auto several = piled_up(model, load, world, available);
  return several ? std::optional(remedy(*several)) : std::nullopt;
}

void require_memory(const models::DecoderModel& model, const Workload& load, int world,
                    std::uint64_t available) {
  std::vector<MemoryEntry> largest = predict_memory(model, load);
  const std::uint64_t needed = total_bytes(largest);
  if (needed <= available) return;
  std::ranges::stable_sort(largest, std::greater<>(), &MemoryEntry::bytes);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, largest.size()); ++i)
    parts.push_back(fmt::format("{} {}", readable_bytes(largest[i].bytes), largest[i].category));
  const auto remedy = least_remedy(model, load, world, available);
  fail("oom.predicted",
       fmt::format("needs {} on rank 0, {} free: {} + …; {}", readable_bytes(needed),
                   readable_bytes(available), base::join(parts, " + "),
                   remedy ? fmt::format("try {} (−{})", remedy->setting, readable_bytes(remedy->saved))
                          : "no setting and no number of ranks makes that fit"),
       "`lethe plan FILE --ranks N` shows what another world needs");
}

}  // namespace lethe::planning
