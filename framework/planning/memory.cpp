#include "framework/planning/memory.h"

#include <algorithm>
#include <functional>

#include "framework/base/error.h"
#include "framework/base/text.h"
#include "framework/sharding/shard_layout.h"

namespace lethe::planning {
namespace {

using base::readable_bytes;

class Prediction {
 public:
  Prediction(const models::DecoderModel& model, const Workload& load)
      : model_(model), load_(load), layout_(model.index, load.shard_size) {}

  std::vector<MemoryEntry> entries() const {
    const std::string share = fmt::format("1/{} of {} elements", load_.shard_size, model_.index.size());
    return {{"weights", owned() * state_bytes(), "master weights, " + share},
            {"moments", 2 * owned() * moment_bytes(), "first and second moment, " + share},
            {"gradients", gradient_bytes(), "sums of this rank and buffers on their way"},
            {"gathered", gathered_bytes(), gathered_text()},
            {"activations", activation_bytes(), fmt::format("{} tokens of a micro-batch", load_.pack_tokens)},
            {"head", head_bytes(), "logits, their gradient, and what they are made from"},
            {"cache", static_cast<std::uint64_t>(load_.reference_tokens) * sizeof(double),
             "log-probabilities of the frozen model"},
            {"frozen", frozen_bytes(), "a second model, which the method compares with"}};
  }

 private:
  // Master, moments and gradients are float32, or float64 in float64 runs.
  std::uint64_t state_bytes() const { return std::max<std::uint64_t>(load_.compute_bytes, 4); }
  std::uint64_t moment_bytes() const { return load_.moment_bytes ? load_.moment_bytes : state_bytes(); }
  std::uint64_t reduction_bytes() const {
    return load_.reduction_bytes ? load_.reduction_bytes : state_bytes();
  }
  std::uint64_t wire_bytes() const { return load_.wire_bytes ? load_.wire_bytes : load_.compute_bytes; }
  int num_segments() const { return static_cast<int>(model_.index.segments().size()); }

  std::uint64_t sum_of_segments(const std::function<std::uint64_t(int)>& size) const {
    std::uint64_t sum = 0;
    for (int s = 0; s < num_segments(); ++s) sum += size(s);
    return sum;
  }
  std::uint64_t owned() const {
    return sum_of_segments([&](int s) { return layout_.part_size(s); });
  }
  std::uint64_t whole() const {
    return sum_of_segments([&](int s) { return layout_.padded_size(s); });
  }

  // ZeRO 1 keeps whole sums until the end of the update; ZeRO 2 and 3 two whole segments in turn. Each needs
  // room for one incoming part, and for a whole segment as it travels where that is another dtype.
  std::uint64_t gradient_bytes() const {
    std::uint64_t elements = owned(), travelling = 0;
    if (load_.shard_size > 1) {
      elements += load_.zero == 1 ? whole() : 2 * layout_.largest_padded_size();
      travelling += layout_.largest_padded_size() / static_cast<std::uint64_t>(load_.shard_size);
    }
    const bool travels = load_.shard_size > 1 || load_.replicas > 1;
    if (travels && reduction_bytes() != state_bytes()) travelling += layout_.largest_padded_size();
    return elements * state_bytes() + travelling * reduction_bytes();
  }

  bool seats_on_master() const { return load_.shard_size == 1 && wire_bytes() == state_bytes(); }
  // One whole segment as it travels, where blocks see another dtype.
  std::uint64_t wire_buffer_bytes(const sharding::ShardLayout& layout) const {
    return wire_bytes() == load_.compute_bytes ? 0 : layout.largest_padded_size() * wire_bytes();
  }
  // The final norm and the head are held together, and while they are, the next layer may be on its way.
  std::uint64_t pooled_buffers() const {
    return std::min<std::uint64_t>(load_.prefetch ? 3 : 2, static_cast<std::uint64_t>(num_segments()));
  }
  std::uint64_t gathered_bytes() const {
    if (seats_on_master()) return 0;
    const std::uint64_t elements =
        load_.zero < 3 ? whole() : pooled_buffers() * layout_.largest_padded_size();
    return elements * load_.compute_bytes + wire_buffer_bytes(layout_);
  }
  // Sharded as ZeRO 3 does it, with two gathered blocks.
  std::uint64_t frozen_bytes() const {
    if (load_.frozen_shard_size == 0) return 0;
    const sharding::ShardLayout layout(model_.index, load_.frozen_shard_size);
    const std::uint64_t part = sum_of_segments([&](int s) { return layout.part_size(s); });
    const bool seated = load_.frozen_shard_size == 1 && wire_bytes() == state_bytes();
    const std::uint64_t gathered = 2 * layout.largest_padded_size() * load_.compute_bytes;
    return part * state_bytes() + (seated ? 0 : gathered + wire_buffer_bytes(layout));
  }
  std::string gathered_text() const {
    if (seats_on_master()) return "none: blocks read the master weights";
    if (load_.zero < 3) return "all weights in the compute dtype";
    return fmt::format("{} buffers of the largest block", pooled_buffers());
  }

  // What autograd keeps of one layer for a token: residual stream, norms, attention and MLP. bf16 norms keep
  // a float32 copy of their input beside it.
  std::uint64_t layer_bytes_per_token() const {
    const models::HfConfig& c = model_.config;
    const auto queries = static_cast<std::uint64_t>(c.num_heads * c.head_dim);
    const auto hidden = static_cast<std::uint64_t>(c.hidden_size);
    const std::uint64_t elements =
        6 * hidden + 5 * queries + 4 * static_cast<std::uint64_t>(c.intermediate_size);
    const std::uint64_t wide = load_.compute_bytes == 2 ? 2 * hidden * 4 : 0;
    return elements * load_.compute_bytes + wide + static_cast<std::uint64_t>(c.num_heads) * 4;
  }
  std::uint64_t activation_bytes() const {
    const auto tokens = static_cast<std::uint64_t>(load_.pack_tokens);
    const auto layers = static_cast<std::uint64_t>(model_.config.num_layers);
    const std::uint64_t input = static_cast<std::uint64_t>(model_.config.hidden_size) * load_.compute_bytes;
    const std::uint64_t kept =
        load_.recompute ? layers * input + layer_bytes_per_token() : layers * layer_bytes_per_token();
    // The gradients of one layer's weights exist in the compute dtype before they are added up.
    return tokens * kept + (tokens > 0 ? largest_layer() * load_.compute_bytes : 0);
  }
  std::uint64_t largest_layer() const {
    std::uint64_t largest = 0;
    for (const models::LayerParameters& layer : model_.layers)
      largest = std::max(largest, model_.index.segments()[static_cast<std::size_t>(layer.segment)].count);
    return largest;
  }

  // Logits are float32 at least; a bf16 head is widened to float32 for them.
  std::uint64_t head_bytes() const {
    const auto vocab = static_cast<std::uint64_t>(model_.config.vocab_size),
               hidden = static_cast<std::uint64_t>(model_.config.hidden_size),
               scored = static_cast<std::uint64_t>(load_.scored_tokens);
    if (scored == 0) return 0;
    const std::uint64_t chunk = std::min(scored, static_cast<std::uint64_t>(load_.head_chunk)) * vocab;
    const bool keeps = scored * vocab * 4 <= load_.kept_logit_bytes;
    const std::uint64_t logits = (keeps ? scored * vocab : chunk) + chunk;
    const std::uint64_t widened = load_.compute_bytes == 2 ? vocab * hidden : 0;
    return (logits + widened) * state_bytes() + 2 * scored * hidden * load_.compute_bytes;
  }

  const models::DecoderModel& model_;
  Workload load_;
  sharding::ShardLayout layout_;
};

std::uint64_t total_of(const models::DecoderModel& model, const Workload& load) {
  return total_bytes(predict_memory(model, load));
}

std::vector<std::pair<std::string, Workload>> alternatives(const Workload& load, int world) {
  std::vector<std::pair<std::string, Workload>> changed;
  const auto add = [&](std::string setting, const std::function<void(Workload&)>& change) {
    Workload other = load;
    change(other);
    changed.emplace_back(std::move(setting), other);
  };
  if (world > 1 && (load.zero < 3 || load.shard_size < world))
    add("parallel.zero: 3", [&](Workload& w) { w.zero = 3, w.shard_size = world; });
  if (!load.recompute) add("parallel.recompute: true", [](Workload& w) { w.recompute = true; });
  if (load.compute_bytes > 2)
    add("model.compute: bfloat16", [](Workload& w) { w.compute_bytes = 2, w.wire_bytes = 0; });
  if (load.compute_bytes <= 4 && load.moment_bytes != 2)
    add("train.optimizer.moments: bfloat16", [](Workload& w) { w.moment_bytes = 2; });
  add("half of train.micro_batch", [](Workload& w) { w.pack_tokens /= 2, w.scored_tokens /= 2; });
  add(fmt::format("{} ranks and parallel.zero: 3", 2 * world),
      [&](Workload& w) { w.zero = 3, w.shard_size = 2 * world; });
  return changed;
}

}  // namespace

std::vector<MemoryEntry> predict_memory(const models::DecoderModel& model, const Workload& load) {
  return Prediction(model, load).entries();
}

std::uint64_t total_bytes(const std::vector<MemoryEntry>& entries) {
  std::uint64_t total = 0;
  for (const MemoryEntry& entry : entries) total += entry.bytes;
  return total;
}

std::vector<Remedy> remedies(const models::DecoderModel& model, const Workload& load, int world) {
  const std::uint64_t now = total_of(model, load);
  std::vector<Remedy> found;
  for (const auto& [setting, other] : alternatives(load, world)) {
    const std::uint64_t then = total_of(model, other);
    if (then < now) found.push_back({setting, now - then});
  }
  std::ranges::stable_sort(found, std::greater<>(), &Remedy::saved);
  return found;
}

void require_memory(const std::vector<MemoryEntry>& entries, const std::vector<Remedy>& remedies,
                    std::uint64_t available) {
  const std::uint64_t needed = total_bytes(entries);
  if (needed <= available) return;
  std::vector<MemoryEntry> largest = entries;
  std::ranges::stable_sort(largest, std::greater<>(), &MemoryEntry::bytes);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min<std::size_t>(3, largest.size()); ++i)
    parts.push_back(fmt::format("{} {}", readable_bytes(largest[i].bytes), largest[i].category));
  std::string message = fmt::format("needs {} on rank 0, {} free: {} + …", readable_bytes(needed),
                                    readable_bytes(available), base::join(parts, " + "));
  if (!remedies.empty())
    message +=
        fmt::format("; try {} (−{})", remedies.front().setting, readable_bytes(remedies.front().saved));
  fail("oom.predicted", message, "`lethe plan FILE --ranks N` shows what another world needs");
}

}  // namespace lethe::planning
