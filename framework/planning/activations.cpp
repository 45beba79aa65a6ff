#include "framework/planning/activations.h"

#include <algorithm>

#include "framework/ops/product.h"

namespace lethe::planning {
namespace {

using walk::Recompute;
using Bytes = std::int64_t;  // differences may be negative

constexpr Bytes kIdBytes = 8;  // of a token or a row number
// As ops/linear, ops/attention and ops/log_prob_jet cut their work, in elements.
constexpr Bytes kDirectionElements = Bytes{1} << 20, kScoreElements = Bytes{1} << 22,
                kSliceElements = Bytes{1} << 23;

class PassPrediction {
 public:
  PassPrediction(const models::HfConfig& shape, std::uint64_t largest_layer, std::int64_t kept_layers,
                 const Workload& load)
      : load_(load),
        compute_(static_cast<Bytes>(load.compute_bytes)),
        wide_(std::max<Bytes>(compute_, 4)),
        widens_(load.widens_bf16 && compute_ == 2),
        hidden_(shape.hidden_size),
        queries_(shape.num_heads * shape.head_dim),
        keys_(shape.num_kv_heads * shape.head_dim),
        mlp_(shape.intermediate_size),
        heads_(shape.num_heads),
        head_dim_(shape.head_dim),
        layers_(kept_layers),
        vocab_(shape.vocab_size),
        parameters_(static_cast<Bytes>(largest_layer)) {}

  PassBytes bytes() const {
    const Bytes tokens = load_.pack_tokens;
    if (tokens == 0) return {};
    if (!load_.trains) return measuring();
    const Bytes inputs = offloads() ? tokens * layers_ * hidden_ * compute_ : 0;
    const Bytes kept =
        tokens * (layers_ * kept_of_layer() + rope_tables()) + taps() + reference_rows() - inputs;
    const Bytes block = block_backward(), head = head_backward();
    return {.activations = static_cast<std::uint64_t>(kept + block),
            .head = static_cast<std::uint64_t>(std::max<Bytes>(head - block, 0)),
            .offloaded = static_cast<std::uint64_t>(inputs)};
  }

 private:
  // One block after the other, none kept: passes of the weights as they are or with noise, or jets.
  PassBytes measuring() const {
    Bytes layer = plain_layer(), head = plain_head();
    if (load_.measures.directions > 0)
      layer = std::max(layer, jet_layer()), head = std::max(head, jet_head());
    if (load_.measures.perturbs || load_.measures.directions > 0) layer += waiting(), head += waiting();
    const Bytes tables = load_.pack_tokens * (rope_tables() + kIdBytes);
    return {.activations = static_cast<std::uint64_t>(layer + tables),
            .head = static_cast<std::uint64_t>(std::max<Bytes>(head - layer, 0))};
  }

  // What passes hold while another one runs.
  Bytes waiting() const {
    const Bytes parts = load_.measures.directions > 0 ? load_.measures.directions + 2 : 1;
    return (load_.measures.together - 1) * load_.pack_tokens *
           (parts * hidden_ * compute_ + rope_tables() + (parts > 1 ? 0 : kIdBytes));
  }
  // The fullest of three moments of a block without a graph: the end of attention, where keys and values are
  // repeated for the queries and the result is held by documents, joined and in order; the product of the
  // gate, beside the block's input, the input of the MLP and what its norm made of it; and the last product.
  Bytes plain_layer() const {
    const Bytes projected = queries_ + 2 * keys_;
    const Bytes repeated = (queries_ > keys_ ? 2 * queries_ : 0) + 3 * queries_;
    const Bytes attention = (2 * hidden_ + projected) * compute_ +
                            (widens_ ? (projected + repeated) * wide_ : repeated * compute_);
    const Bytes gate = (3 * hidden_ + 4 * mlp_) * compute_, down = (4 * hidden_ + 3 * mlp_) * compute_;
    return std::max(load_.pack_tokens * std::max(attention, gate),
                    load_.pack_tokens * down + widened_product(mlp_));
  }
  // Beside what the last block gave, its scored rows before and behind the norm; of a chunk the logits, and
  // what the fullest statistic makes of them.
  Bytes plain_head() const {
    const Bytes scored = load_.scored_tokens, chunk = std::min<Bytes>(scored, load_.head.chunk_tokens);
    const Bytes widened = compute_ == 2 ? (vocab_ + scored) * hidden_ * wide_ : 0;
    const Bytes logits = (1 + load_.statistics.forward) * chunk * vocab_ * wide_;
    return load_.pack_tokens * hidden_ * compute_ + kept_by_head() + logits + widened;
  }
  Bytes kept_by_head() const { return load_.scored_tokens * (2 * hidden_ * compute_ + kIdBytes * 2); }

  // The fullest of four moments of a block of jets: the end of its second norm; the scores of its longest
  // document; the product of the gate, whose rule holds all that it is made of; and the last product, with a
  // block of a direction. Beside it lies what the pass before left.
  Bytes jet_layer() const {
    const Bytes tokens = load_.pack_tokens, directions = load_.measures.directions, parts = directions + 2;
    const Bytes narrow = compute_ < wide_ ? 1 : 0;  // parts are widened for the rules, and rounded again
    const Bytes norm = parts * hidden_ * (2 * compute_ + narrow * (wide_ + compute_) + 3 * wide_);
    const Bytes attention = parts * ((2 * hidden_ + queries_ + 2 * keys_) * compute_ + 2 * queries_ * wide_);
    const Bytes inside = 3 * parts * hidden_ * compute_;
    const Bytes rule = 5 + directions + (7 + 4 * directions) + parts;
    const Bytes gate =
        inside + mlp_ * (2 * parts * compute_ + narrow * parts * (2 * wide_ + compute_) + rule * wide_);
    const Bytes drawn = std::min<Bytes>(kDirectionElements, hidden_ * mlp_);
    const Bytes down = inside + (3 * parts + 2) * mlp_ * compute_ + parts * hidden_ * compute_ +
                       2 * (drawn / mlp_) * compute_;
    return std::max({tokens * norm, tokens * attention + scores_of_document(parts), tokens * gate,
                     tokens * down + drawn * wide_ + widened_product(mlp_)}) +
           tokens * rope_tables();
  }
  Bytes scores_of_document(Bytes parts) const {
    const Bytes length = load_.measures.longest_document;
    return std::min<Bytes>(kScoreElements, heads_ * length * length) * (parts + 3) * wide_;
  }
  // Rows of the last block before and behind the norm and those of the targets; of a slice of the vocabulary
  // the parts of the logits, and what is summed of them in float64.
  Bytes jet_head() const {
    const Bytes scored = load_.scored_tokens, directions = load_.measures.directions, parts = directions + 2;
    if (scored == 0) return 0;
    const Bytes slice = std::clamp<Bytes>(kSliceElements / (parts * scored), 16, std::max<Bytes>(vocab_, 16));
    const Bytes float64 = wide_ == 4 ? 8 : 0;  // a copy
    const Bytes summed =
        (parts + 1) * wide_ + std::max(directions * (wide_ + float64), (directions + 3) * wide_ + float64);
    const Bytes rows =
        load_.pack_tokens * parts * hidden_ * compute_ + scored * parts * hidden_ * (compute_ + wide_);
    return rows + scored * slice * summed + (compute_ < wide_ ? slice * hidden_ * wide_ : 0);
  }

  bool ends_at_tap() const { return load_.last_layer >= 0; }
  // Where a pass ends at one: what is read there, its gradient and the rows.
  Bytes taps() const {
    return ends_at_tap() ? load_.scored_tokens * (hidden_ * (compute_ + wide_) + kIdBytes) : 0;
  }
  // Behind the frozen model's final norm.
  Bytes reference_rows() const {
    return load_.statistics.reference ? load_.scored_tokens * hidden_ * compute_ : 0;
  }
  bool offloads() const { return load_.offload_inputs && load_.recompute != Recompute::none; }
  Bytes rope_tables() const { return head_dim_ * compute_; }

  // What the graph of a block holds for a token: input, both norms (before and behind the gain, and in bf16 a
  // wide copy of what they read), rotated queries, keys and values repeated for them, the attention's result
  // by documents and joined, and the MLP's four.
  Bytes graph_of_layer() const {
    const Bytes norms = compute_ == 2 ? 5 * hidden_ * compute_ + 2 * hidden_ * wide_ : 6 * hidden_ * compute_;
    const Bytes numbers = (heads_ + 2) * wide_;  // the softmax's sums and the norms' factors
    // Widened, attention keeps its inputs and its result by documents in float32.
    const Bytes attention = queries_ * (widens_ ? 4 * wide_ + compute_ : 5 * compute_);
    return norms + attention + 4 * mlp_ * compute_ + numbers;
  }
  // Between forward and backward; walk/kept_layer.h.
  Bytes kept_of_layer() const {
    switch (load_.recompute) {
      case Recompute::none:
        return graph_of_layer();
      case Recompute::selective:
        return (2 * hidden_ + queries_ + 2 * keys_ + 2 * mlp_) * compute_;
      case Recompute::full:
        return hidden_ * compute_;
    }
    return 0;
  }
  // What running a block again adds to what was kept of it.
  Bytes run_again() const {
    const Bytes tokens = load_.pack_tokens;
    if (load_.recompute == Recompute::none) return 0;
    const Bytes input_back = offloads() ? hidden_ * compute_ : 0;
    // Of the products that were kept, the graph reads the gate's two; the others stay beside it.
    const Bytes shared = load_.recompute == Recompute::full ? hidden_ : hidden_ + 2 * mlp_;
    return tokens * (graph_of_layer() - shared * compute_ + input_back);
  }

  // The fullest of four moments of a block's backward, beside all that is kept: the gradient of the last
  // product of the MLP; the product of the gate, where three gradients of the MLP's width meet what is saved;
  // the end of the MLP, whose saved tensors are gone and whose weights' gradients are there; and the end of
  // the block, with the gradients of all its weights.
  Bytes block_backward() const {
    const Bytes tokens = load_.pack_tokens, matrix = hidden_ * mlp_ * compute_;
    const Bytes outside = tokens * 2 * hidden_ * compute_;  // the block's output and its gradient
    const Bytes widened = widened_product(mlp_);
    const Bytes down = tokens * mlp_ * compute_ + matrix + widened;
    const Bytes gate = tokens * 2 * mlp_ * compute_ + matrix;
    const Bytes mlp = tokens * (2 * hidden_ - 3 * mlp_) * compute_ + 3 * matrix + widened;
    const Bytes end = tokens * (4 * hidden_ * compute_ - graph_of_layer()) + parameters_ * compute_ +
                      widened_product(queries_);
    return run_again() + outside + std::max({down, gate, mlp, end});
  }

  // What the product of a gradient [tokens, width] with a weight [width, hidden] holds beside its result.
  Bytes widened_product(Bytes width) const {
    return widens_ ? ops::widened_product_bytes(load_.pack_tokens, width, hidden_) : 0;
  }

  // Logits are float32 at least; a bf16 head and what it reads are widened for them.
  Bytes head_backward() const {
    const Bytes scored = load_.scored_tokens, chunk = std::min<Bytes>(scored, load_.head.chunk_tokens);
    if (scored == 0 || ends_at_tap()) return 0;
    const bool keeps = scored * vocab_ * 4 <= load_.head.keep_bytes;
    // The logits, and of one chunk their gradient, what the fullest statistic makes of them, and the frozen
    // model's.
    const Bytes reference = load_.statistics.reference ? 1 : 0;
    const Bytes logits =
        ((keeps ? scored : chunk) + (1 + load_.statistics.backward + reference) * chunk) * vocab_ * wide_;
    const Bytes widened = compute_ == 2 ? (vocab_ + 2 * scored + reference * vocab_) * hidden_ * wide_ : 0;
    // Rows, both sides of the gain, the gradient behind it; of a chunk the product that is copied there; row
    // numbers and targets. Without recomputation the last block's graph holds its output as well.
    const Bytes rows = 4 * scored * hidden_ * compute_ + chunk * hidden_ * wide_ + 2 * scored * 8;
    const Bytes output = load_.recompute == Recompute::none ? load_.pack_tokens * hidden_ * compute_ : 0;
    return logits + widened + rows + output;
  }

  const Workload& load_;
  Bytes compute_, wide_;
  bool widens_;
  Bytes hidden_, queries_, keys_, mlp_, heads_, head_dim_, layers_, vocab_, parameters_;
};

}  // namespace

PassBytes pass_bytes(const models::HfConfig& shape, std::uint64_t largest_layer, std::int64_t kept_layers,
                     const Workload& load) {
  return PassPrediction(shape, largest_layer, kept_layers, load).bytes();
}

}  // namespace lethe::planning
