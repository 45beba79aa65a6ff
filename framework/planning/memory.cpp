#include "framework/planning/memory.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>

#include "framework/planning/activations.h"
#include "framework/sharding/shard_layout.h"

namespace lethe::planning {
namespace {

class Prediction {
 public:
  Prediction(const models::DecoderModel& model, const Workload& load)
      : model_(model), load_(load), layout_(model.index, load.shard_size) {}

  std::vector<MemoryEntry> entries() const {
    const std::string share = fmt::format("1/{} of {} elements", load_.shard_size, model_.index.size());
    const PassBytes pass = this->pass();
    std::vector<MemoryEntry> entries = {
        {"weights", owned() * state_bytes(), "master weights, " + share},
        {"moments", moments(), "first and second moment, " + share},
        {"gradients", takes_gradients() ? gradient_bytes() : 0, "sums of this rank and buffers on their way"},
        {"gathered", gathered_bytes(), gathered_text()},
        {"activations", pass.activations, activations_text()},
        {"head", pass.head,
         "logits, their gradient and what statistics make of them, beyond what a block's backward needs"},
        {"offloaded", load_.device ? 0 : pass.offloaded, "inputs of blocks in the host's memory"},
        {"cache", static_cast<std::uint64_t>(load_.reference_tokens) * sizeof(double),
         "log-probabilities of the frozen model"},
        {"frozen", frozen_bytes(), "a second model, which the method compares with"}};
    if (const std::uint64_t more = evaluation_bytes(); more > sum_of(pass))
      entries.push_back({"evaluation", more - sum_of(pass), evaluation_text()});
    return entries;
  }

  std::vector<MemoryEntry> host_entries() const {
    if (!load_.device) return {};
    return {{"offloaded", pass().offloaded, "inputs of blocks"},
            {"checkpoint", load_.trains ? owned() * state_bytes() + moments() : 0,
             "copy of weights and moments, from the first save on"}};
  }

 private:
  bool takes_gradients() const { return load_.trains || load_.measures.gradient_of.tokens > 0; }
  // Those of an evaluation are counted with what else it holds.
  bool goes_back() const { return takes_gradients() || evaluation().gradient_of.tokens > 0; }
  const Evaluating& evaluation() const { return load_.measures.evaluation; }
  // The fullest of an update, a scoring or an evaluation, noise on its way into a buffer, and a gradient.
  PassBytes pass() const {
    const Measuring& measures = load_.measures;
    PassBytes most = fuller(load_.trains ? pass_of(true,
                                                   {.tokens = load_.pack_tokens,
                                                    .scored = load_.scored_tokens,
                                                    .statistics = load_.statistics},
                                                   load_.last_layer)
                                         : PassBytes{},
                            pass_of(false, measures.pack));
    if (noise_bytes() > 0) most = fuller(most, {.activations = noise_bytes() + hidden_bytes()});
    most = fuller(most, pass_of(true, measures.gradient_of));
    const Prediction evaluating(model_, evaluation_load());
    most = fuller(most, evaluating.pass_of(false, evaluation().pack));
    return fuller(most, evaluating.pass_of(true, evaluation().gradient_of));
  }
  static std::uint64_t sum_of(const PassBytes& pass) { return pass.activations + pass.head; }
  PassBytes pass_of(bool goes_back, const PackSize& pack, int last_layer = -1) const {
    if (pack.tokens == 0) return {};
    Workload load = load_;
    load.trains = goes_back, load.last_layer = last_layer;
    load.pack_tokens = pack.tokens, load.scored_tokens = pack.scored, load.statistics = pack.statistics;
    return pass_bytes(model_.config, largest_layer(), layers_walked_back(model_, load), load);
  }
  std::uint64_t hidden_bytes() const {
    return static_cast<std::uint64_t>(load_.measures.together * load_.measures.pack.tokens *
                                      model_.config.hidden_size) *
           load_.compute_bytes;
  }
  static PassBytes fuller(const PassBytes& a, const PassBytes& b) {
    PassBytes most = sum_of(a) > sum_of(b) ? a : b;
    most.offloaded = std::max(a.offloaded, b.offloaded);
    return most;
  }
  std::uint64_t moments() const { return load_.trains ? 2 * owned_trained() * moment_bytes() : 0; }
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
  // Frozen segments have no gradient and no moments.
  bool trains(int segment) const { return trains_segment(load_, segment); }
  std::uint64_t owned_trained() const {
    return sum_of_segments([&](int s) { return trains(s) ? layout_.part_size(s) : 0; });
  }
  std::uint64_t whole_trained() const {
    return sum_of_segments([&](int s) { return trains(s) ? layout_.padded_size(s) : 0; });
  }

  // ZeRO 1 keeps whole sums until the end of the update; ZeRO 2 and 3 two whole segments in turn. Each needs
  // room for one incoming part, and for a whole segment as it travels where that is another dtype.
  std::uint64_t gradient_bytes() const {
    if (!load_.leaves.empty()) return elastic_gradient_bytes();
    std::uint64_t elements = owned_trained(), travelling = 0;
    if (load_.shard_size > 1) {
      elements += load_.zero == 1 ? whole_trained() : 2 * layout_.largest_padded_size();
      travelling += layout_.largest_padded_size() / static_cast<std::uint64_t>(load_.shard_size);
    }
    const bool travels = load_.shard_size > 1 || load_.replicas > 1;
    if (travels && reduction_bytes() != state_bytes()) travelling += layout_.largest_padded_size();
    return elements * state_bytes() + travelling * reduction_bytes();
  }
  // Elastic: beside the parts the partial sums of a tree over packs, what arrives of them, and where replicas
  // fold on a part that is cut into pieces.
  std::uint64_t elastic_gradient_bytes() const {
    const std::uint64_t largest = layout_.largest_padded_size();
    const auto shard = static_cast<std::uint64_t>(load_.shard_size);
    const bool narrow = reduction_bytes() != state_bytes();
    std::uint64_t sums = shard > 1 && load_.zero >= 2 ? sums_of_parts() : sums_of_blocks();
    if (shard > 1) sums += largest;
    if (load_.replicas > 1) sums += 2 * largest / shard;
    const std::uint64_t wide = owned_trained() + (narrow ? largest : 0);
    return wide * state_bytes() + sums * reduction_bytes();
  }
  LeafCounts leaf_counts_of(bool travel_behind_waves) const {
    const bool joins = !head_is_largest() && reduction_bytes() == state_bytes();
    return leaf_counts(load_.leaves, joins, travel_behind_waves);
  }
  // Below ZeRO 2 the rank's own sums of every block are kept until the end of the update. Its fullest moment
  // is at the largest block, or at the second use of a tied embedding, which a wave comes to last.
  std::uint64_t sums_of_blocks() const {
    const LeafCounts counts = leaf_counts_of(false);
    const std::uint64_t kept = std::max(counts.between, counts.after), open = std::max(counts.open, kept),
                        at_largest = (open - kept) * layout_.largest_padded_size();
    return kept * whole_trained() + std::max(at_largest + counts.between * second_use(), open * second_use());
  }
  // From there on they travel behind each wave; of the own part what all ranks of the shard group have
  // brought is kept.
  std::uint64_t sums_of_parts() const {
    const LeafCounts counts = leaf_counts_of(true);
    const auto shard = static_cast<std::uint64_t>(load_.shard_size);
    const std::uint64_t on_their_way = load_.prefetch && !load_.device ? counts.wave : 0;
    return std::max<std::uint64_t>(shard * counts.between, 1) * (owned_trained() + second_use() / shard) +
           (counts.open + on_their_way) * layout_.largest_padded_size();
  }
  bool head_is_largest() const {
    return layout_.padded_size(model_.segment_of(model_.head)) == layout_.largest_padded_size();
  }
  // A tied embedding that is trained has a tree for each of its uses.
  std::uint64_t second_use() const {
    const int embedding = model_.segment_of(model_.embedding);
    return model_.head == model_.embedding && trains(embedding) ? layout_.padded_size(embedding) : 0;
  }

  bool seats_on_master() const { return load_.shard_size == 1 && wire_bytes() == state_bytes(); }
  // One whole segment as it travels, where blocks see another dtype.
  std::uint64_t wire_buffer_bytes(const sharding::ShardLayout& layout) const {
    return wire_bytes() == load_.compute_bytes ? 0 : layout.largest_padded_size() * wire_bytes();
  }
  // The final norm and the head are held together, and while they are, the next layer of a backward may be on
  // its way.
  std::uint64_t pooled_buffers(bool goes_back) const {
    return std::min<std::uint64_t>(load_.prefetch && goes_back ? 3 : 2,
                                   static_cast<std::uint64_t>(num_segments()));
  }
  std::uint64_t pooled_buffers() const { return pooled_buffers(goes_back()); }
  std::uint64_t gathered_bytes() const {
    if (seats_on_master()) return scratch_elements() * load_.compute_bytes;
    const std::uint64_t read = load_.zero == 3 ? pooled_buffers() * layout_.largest_padded_size() : whole();
    return (read + scratch_elements()) * load_.compute_bytes + wire_buffer_bytes(layout_);
  }
  bool perturbs() const { return load_.measures.perturbs; }
  // WeightStore::can_view
  bool views() const { return load_.shard_size == 1 || wire_bytes() == state_bytes(); }
  // That weights with noise are written into: of the largest block, and of the final norm beside the head.
  // Where there are no views they are gathered for themselves, with ZeRO 1 and 2 beside the weights as they
  // are, whose largest buffer serves too.
  std::uint64_t scratch_elements() const {
    if (!perturbs()) return 0;
    const std::uint64_t largest = layout_.largest_padded_size();
    if (!views()) return load_.zero == 3 ? 0 : (pooled_buffers() - 1) * largest;
    return largest + layout_.scratch_size(model_.segment_of(model_.final_norm));
  }
  // Noise is added in the masters' dtype, to a view's whole block or a rank's part of it, before it is
  // rounded; a wire's dtype lies between.
  std::uint64_t noise_bytes() const {
    if (!perturbs() || wire_bytes() == state_bytes()) return 0;
    const std::uint64_t rounded = wire_bytes() == load_.compute_bytes ? 0 : wire_bytes();
    return layout_.largest_padded_size() / static_cast<std::uint64_t>(load_.shard_size) *
           (state_bytes() + (views() ? rounded : 0));
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
  // The model as it is, and gradients of all its weights, whatever is trained.
  Workload evaluation_load() const {
    Workload load = load_;
    load.trains = false;
    load.measures = {};
    load.trained_segments.clear();
    load.reduction_bytes = 0;
    if (!load.leaves.empty()) load.leaves = one_leaf();  // an answer is one
    return load;
  }
  // The fullest moment of an evaluation beyond weights, moments and the gradients of updates: what it has
  // come to hold, and the pass under way.
  std::uint64_t evaluation_bytes() const {
    const Evaluating& asked = evaluation();
    const Prediction plain(model_, evaluation_load());
    std::uint64_t held = 0, most = 0;
    if (!asked.reference.empty()) {
      const Prediction other(asked.reference.front(), evaluation_load());
      held += other.owned() * state_bytes() + other.gathered_bytes();
      most = held + sum_of(other.pass_of(false, asked.pack));
    }
    if (asked.gradient_of.tokens > 0) {
      held += plain.gradient_bytes();
      most = std::max(most, held + sum_of(plain.pass_of(true, asked.gradient_of)));
    }
    if (asked.cached_tokens == 0) return most;
    return std::max(most, held + cache_bytes() +
                              std::max(sum_of(plain.pass_of(false, asked.prompts)), token_scores_bytes()));
  }
  // Keys and values of the sequences that are generated together.
  std::uint64_t cache_bytes() const {
    const models::HfConfig& shape = model_.config;
    return static_cast<std::uint64_t>(2 * shape.num_layers * shape.num_kv_heads * shape.head_dim *
                                      evaluation().cached_tokens) *
           load_.compute_bytes;
  }
  // What a new token's attention makes of one layer's: a mask, and scores before and behind the softmax.
  std::uint64_t token_scores_bytes() const {
    return static_cast<std::uint64_t>((model_.config.num_kv_heads + 2 * model_.config.num_heads) *
                                      evaluation().cached_tokens) *
           load_.compute_bytes;
  }
  std::string evaluation_text() const {
    std::vector<std::string> parts;
    if (!evaluation().reference.empty()) parts.emplace_back("the model that it compares with");
    if (evaluation().gradient_of.tokens > 0) parts.emplace_back("gradients of its own");
    if (evaluation().cached_tokens > 0)
      parts.push_back(fmt::format("keys and values of {} tokens", evaluation().cached_tokens));
    return fmt::format("beyond the other passes: {}", fmt::join(parts, ", "));
  }
  std::string activations_text() const {
    const std::string update = fmt::format("{} tokens of a micro-batch", load_.pack_tokens),
                      scoring = fmt::format("{} of a pass over a set", load_.measures.pack.tokens);
    if (!load_.trains)
      return fmt::format("{} tokens of a pack",
                         std::max(load_.measures.pack.tokens, evaluation().pack.tokens));
    return load_.measures.pack.tokens > 0 ? update + " or " + scoring : update;
  }
  std::string gathered_text() const {
    const std::string with_noise = scratch_elements() > 0 ? "a block with noise" : "";
    if (seats_on_master()) return with_noise.empty() ? "none: blocks read the master weights" : with_noise;
    const std::string read = load_.zero == 3
                                 ? fmt::format("{} buffers of the largest block", pooled_buffers())
                                 : "all weights in the compute dtype";
    return with_noise.empty() ? read : read + ", " + with_noise;
  }

  std::uint64_t largest_layer() const {
    std::uint64_t largest = 0;
    for (const models::LayerParameters& layer : model_.layers)
      largest = std::max(largest, model_.index.segments()[static_cast<std::size_t>(layer.segment)].count);
    return largest;
  }

  const models::DecoderModel& model_;
  Workload load_;
  sharding::ShardLayout layout_;
};

}  // namespace

std::int64_t layers_run(const models::DecoderModel& model, const Workload& load) {
  const std::int64_t all = model.config.num_layers;
  return load.last_layer < 0 ? all : std::min<std::int64_t>(all, load.last_layer + 1);
}

std::int64_t layers_walked_back(const models::DecoderModel& model, const Workload& load) {
  const std::int64_t run = layers_run(model, load);
  if (trains_segment(load, model.segment_of(model.embedding))) return run;
  const auto lowest = std::ranges::find_if(
      model.layers, [&](const auto& layer) { return trains_segment(load, layer.segment); });
  return std::max<std::int64_t>(run - (lowest - model.layers.begin()), 0);
}

std::vector<MemoryEntry> predict_memory(const models::DecoderModel& model, const Workload& load) {
  return Prediction(model, load).entries();
}

std::vector<MemoryEntry> predict_host_memory(const models::DecoderModel& model, const Workload& load) {
  return Prediction(model, load).host_entries();
}

std::uint64_t total_bytes(const std::vector<MemoryEntry>& entries) {
  std::uint64_t total = 0;
  for (const MemoryEntry& entry : entries) total += entry.bytes;
  return total;
}

}  // namespace lethe::planning
