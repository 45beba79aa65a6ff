#include "framework/walk/block_walk.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/memory_counter.h"
#include "framework/base/trace.h"
#include "framework/ops/attention.h"
#include "framework/ops/masked_attention.h"
#include "framework/walk/index_tensor.h"

namespace lethe::walk {
namespace {

std::vector<int> layer_parameters(const models::LayerParameters& p) {
  std::vector<int> present;
  for (const int parameter : {p.input_norm, p.q, p.k, p.v, p.o, p.q_bias, p.k_bias, p.v_bias,
                              p.post_attention_norm, p.gate, p.up, p.down})
    if (parameter >= 0) present.push_back(parameter);
  return present;
}

const std::string& segment_name(const models::DecoderModel& model, int layer) {
  return model.index.segments()[model.layers[layer].segment].name;
}

}  // namespace

BlockWalk::BlockWalk(const models::DecoderModel& model, sharding::WeightStore& store, WalkOptions options)
    : model_(model),
      store_(store),
      options_(options),
      host_inputs_(options.offload_inputs && options.recompute != Recompute::none
                       ? std::make_unique<HostInputs>(store.grid().placement())
                       : nullptr) {}

Statistics BlockWalk::forward(const data::Pack& pack, const PassRequest& request) {
  return forward(std::span(&pack, 1), request)[0];
}

std::vector<Statistics> BlockWalk::forward(std::span<const data::Pack> packs, const PassRequest& request) {
  const base::MemoryScope memory(base::Memory::activations);
  source_ = request.source;
  holds_ = request.sources.empty() || store_.grid().shard_size() > 1;
  LETHE_CHECK(request.sources.empty() || (request.sources.size() == packs.size() && !request.for_backward &&
                                          request.source == nullptr && store_.can_view()),
              "{} sources of {} packs", request.sources.size(), packs.size());
  tap_layer_ = request.tap_layer;
  last_layer_ = last_layer(request);
  with_head_ = !request.statistics.empty() || request.normed;
  passes_.clear();
  for (const data::Pack& pack : packs) passes_.emplace_back().pack = &pack;
  const at::NoGradGuard no_grad;
  {
    const int segment = model_.segment_of(model_.embedding);
    const auto held = hold(segment);
    prefetch_layer(0);
    const base::TraceSpan span(base::Track::compute, "embedding forward");
    each_pass({segment}, request, [&](std::size_t i) { begin(passes_[i]); });
  }
  for (int layer = 0; layer <= last_layer_; ++layer) {
    const int segment = model_.layers[layer].segment;
    const auto held = hold(segment);
    if (layer < last_layer_ || with_head_) prefetch_layer(layer + 1);
    const base::TraceSpan span(base::Track::compute, segment_name(model_, layer), "forward");
    each_pass({segment}, request, [&](std::size_t i) { run_layer_forward(layer, passes_[i], request); });
  }
  if (!with_head_) return std::vector<Statistics>(passes_.size());
  const int norm_segment = model_.segment_of(model_.final_norm),
            head_segment = model_.segment_of(model_.head);
  const auto norm_held = hold(norm_segment);
  const auto head_held = hold(head_segment);
  const base::TraceSpan span(base::Track::compute, "head forward");
  std::vector<Statistics> results;
  each_pass({norm_segment, head_segment}, request, [&](std::size_t i) {
    results.push_back(run_head(passes_[i], request, request.reads.empty() ? PackReads{} : request.reads[i]));
  });
  return results;
}

// What all packs read, or their copies are made from.
std::optional<sharding::WeightStore::Lease> BlockWalk::hold(int segment) {
  if (!holds_) return std::nullopt;
  return store_.acquire(segment, source_);
}

// Runs `run(i)` for every pack in turn, with the weights of `segments` as that pack sees them.
template <class Run>
void BlockWalk::each_pass(std::initializer_list<int> segments, const PassRequest& request, const Run& run) {
  std::vector<sharding::WeightStore::View> views;
  const sharding::WeightSource* seen = nullptr;
  for (std::size_t i = 0; i < passes_.size(); ++i) {
    if (!request.sources.empty() && !passes_[i].empty() && request.sources[i] != seen) {
      views.clear();
      seen = request.sources[i];
      for (const int segment : segments) views.push_back(store_.view(segment, *seen));
    }
    run(i);
  }
}

// Every rank ends at the same layer, with or without tokens: the request decides.
int BlockWalk::last_layer(const PassRequest& request) const {
  const int last = static_cast<int>(model_.layers.size()) - 1;
  LETHE_CHECK(request.tap_layer <= last, "a tap of layer {} of {}", request.tap_layer, last + 1);
  const bool ends_at_tap = request.statistics.empty() && !request.normed && request.tap_layer >= 0;
  return ends_at_tap ? request.tap_layer : last;
}

void BlockWalk::take_tap(Pass& pass) const {
  pass.tap_rows = index_tensor(pass.pack->scored_rows, store_.device());
  pass.tap = pass.hidden.detach().index_select(0, pass.tap_rows);
}

at::Tensor BlockWalk::normed(std::size_t pack) const {
  const Pass& pass = passes_[pack];
  return pass.empty() ? at::zeros({0, model_.config.hidden_size}, store_.tensor_options())
                      : pass.head->normed().detach();
}

// What is tokenised late (wrong and paraphrased answers, padding) meets the model here first.
void BlockWalk::check_ids(const data::Pack& pack) const {
  const std::int64_t largest = std::ranges::max(pack.ids);
  if (largest < model_.config.vocab_size) return;
  fail("tokenizer.vocab",
       fmt::format("token {} is to be read: the model has {} tokens (vocab_size)", largest,
                   model_.config.vocab_size),
       "take the tokenizer that the model was trained with, or give the model rows for the added tokens");
}

void BlockWalk::begin(Pass& pass) {
  pass.tap = at::zeros({0, model_.config.hidden_size}, store_.tensor_options());
  if (pass.empty()) return;
  pass.rope = ops::rope_tables(pass.pack->positions, model_.rope_frequencies, store_.tensor_options());
  check_ids(*pass.pack);
  pass.ids = index_tensor(pass.pack->ids, store_.device());
  pass.hidden = at::embedding(store_.slot(model_.embedding), pass.ids);
}

void BlockWalk::run_layer_forward(int layer, Pass& pass, const PassRequest& request) {
  if (pass.empty()) return;
  const bool keep = request.for_backward && layer >= request.first_kept_layer;
  const bool keep_graph = keep && options_.recompute == Recompute::none;
  const at::Tensor input = std::exchange(pass.hidden, {}).detach().requires_grad_(keep_graph);
  KeptLayer kept;
  {
    const at::AutoGradMode grad_mode(keep_graph);
    const bool products = keep && options_.recompute == Recompute::selective;
    pass.hidden = run_layer(layer, pass, input, products ? keep_products(kept) : nullptr);
  }
  if (layer == tap_layer_) take_tap(pass);
  if (!request.for_backward) return;
  if (keep_graph) kept.output = pass.hidden;
  if (keep) keep_input(kept, input);
  pass.kept.push_back(std::move(kept));
}

void BlockWalk::keep_input(KeptLayer& kept, const at::Tensor& input) {
  if (host_inputs_)
    kept.host = host_inputs_->put(input);
  else
    kept.input = input;
}

// The graph of a block whose forward kept less than that.
void BlockWalk::run_again(int layer, const Pass& pass, KeptLayer& kept) {
  const at::AutoGradMode grad_mode(true);
  if (kept.host.holds()) kept.input = host_inputs_->take(kept.host);
  kept.input = kept.input.detach().requires_grad_(true);
  const bool products = options_.recompute == Recompute::selective;
  kept.output = run_layer(layer, pass, kept.input, products ? known_products(kept) : nullptr);
}

// Starts to bring back what the backward of a layer will read.
void BlockWalk::fetch_inputs(int layer) {
  if (!host_inputs_ || layer < 0) return;
  for (Pass& pass : passes_)
    if (!pass.empty()) host_inputs_->fetch(pass.kept[static_cast<std::size_t>(layer)].host);
}

// Logits are kept of all packs or of none: what a walk holds at once has one bound.
HeadOptions BlockWalk::head_options() const {
  HeadOptions options = options_.head;
  std::int64_t scored = 0;
  for (const Pass& pass : passes_)
    if (!pass.empty()) scored += pass.pack->num_scored();
  if (scored * model_.config.vocab_size * 4 > options.keep_bytes) options.keep_bytes = 0;
  return options;
}

Statistics BlockWalk::run_head(Pass& pass, const PassRequest& request, const PackReads& reads) {
  pass.head = std::make_unique<Head>(head_options(), request.statistics, reads.ranges);
  if (!pass.empty()) {
    Statistics values = pass.head->forward(head_weights(store_, model_), std::exchange(pass.hidden, {}),
                                           *pass.pack, request.for_backward, reads.reference);
    if (!request.for_backward && !request.normed) pass.head.reset();
    return values;
  }
  const at::ScalarType wide = store_.options().compute == at::kDouble ? at::kDouble : at::kFloat;
  return Statistics(request.statistics.size(), at::zeros({0}, store_.tensor_options().dtype(wide)));
}

void BlockWalk::backward(const Statistics& upstream, sharding::GradientStore& gradients) {
  const int leaf = 0;
  backward(std::span(&upstream, 1), std::span(&leaf, 1), gradients);
}

void BlockWalk::backward(std::span<const Statistics> upstream, std::span<const int> leaves,
                         sharding::GradientStore& gradients, std::span<const at::Tensor> taps) {
  const base::MemoryScope memory(base::Memory::activations);
  LETHE_CHECK(upstream.size() == passes_.size() && leaves.size() == passes_.size(),
              "{} upstream gradients for {} packs", upstream.size(), passes_.size());
  for (std::size_t i = 0; i < passes_.size(); ++i) passes_[i].leaf = leaves[i];
  const int lowest = lowest_trained_layer(model_, gradients);
  with_head_ ? head_backward(upstream, lowest <= last_layer_, gradients) : start_backward_at_tap(gradients);
  for (int layer = last_layer_; layer >= std::max(lowest, 0); --layer) {
    if (layer == tap_layer_) tap_backward(taps);
    layer_backward(layer, layer > lowest, gradients);
  }
  if (lowest < 0) embedding_backward(gradients);
  passes_.clear();
}

// Blocks behind the tap have no gradient; their segments are opened and closed all the same, since every leaf
// of a sum is counted.
void BlockWalk::start_backward_at_tap(sharding::GradientStore& gradients) {
  skip_segment(model_.segment_of(model_.head), gradients);
  skip_segment(model_.segment_of(model_.final_norm), gradients);
  for (int layer = static_cast<int>(model_.layers.size()) - 1; layer > last_layer_; --layer)
    skip_segment(model_.layers[layer].segment, gradients);
  for (Pass& pass : passes_)
    if (!pass.empty())
      pass.hidden = at::zeros({pass.pack->num_tokens(), model_.config.hidden_size}, store_.tensor_options());
}

void BlockWalk::skip_segment(int segment, sharding::GradientStore& gradients) {
  if (!gradients.trains_segment(segment)) return;
  gradients.open(segment);
  for (const Pass& pass : passes_) gradients.begin_leaf(pass.leaf, sharding::LeafAdds::once);
  gradients.close();
}

void BlockWalk::tap_backward(std::span<const at::Tensor> taps) {
  for (std::size_t i = 0; i < taps.size(); ++i) {
    Pass& pass = passes_[i];
    if (taps[i].defined() && !pass.empty())
      pass.hidden.index_add_(0, pass.tap_rows, taps[i].to(pass.hidden.scalar_type()));
  }
}

int lowest_trained_layer(const models::DecoderModel& model, const sharding::GradientStore& gradients) {
  if (gradients.trains(model.embedding)) return -1;
  int layer = 0;
  while (layer < static_cast<int>(model.layers.size()) &&
         !gradients.trains_segment(model.layers[layer].segment))
    ++layer;
  return layer;
}

at::Tensor BlockWalk::run_layer(int layer, const Pass& pass, const at::Tensor& input,
                                const models::Project<at::Tensor>& project) const {
  const models::Attend<at::Tensor> attend = [&](const at::Tensor& q, const at::Tensor& k,
                                                const at::Tensor& v) {
    return pass.pack->unseen.empty()
               ? ops::attention(q, k, v, pass.pack->document_offsets)
               : ops::masked_attention(q, k, v, pass.pack->document_offsets, pass.pack->unseen);
  };
  return models::decoder_layer(model_.shape, layer_weights(store_, model_.layers[layer]), input, pass.rope,
                               attend, project);
}

models::LayerWeights<at::Tensor> layer_weights(const sharding::WeightStore& store,
                                               const models::LayerParameters& p) {
  const auto slot = [&](int parameter) { return parameter < 0 ? at::Tensor() : store.slot(parameter); };
  return {.input_norm = slot(p.input_norm),
          .q = slot(p.q),
          .k = slot(p.k),
          .v = slot(p.v),
          .o = slot(p.o),
          .q_bias = slot(p.q_bias),
          .k_bias = slot(p.k_bias),
          .v_bias = slot(p.v_bias),
          .post_attention_norm = slot(p.post_attention_norm),
          .gate = slot(p.gate),
          .up = slot(p.up),
          .down = slot(p.down)};
}

HeadWeights head_weights(const sharding::WeightStore& store, const models::DecoderModel& model) {
  return {.norm_gain = store.slot(model.final_norm),
          .weight = store.slot(model.head),
          .rms_norm_eps = model.shape.rms_norm_eps};
}

void BlockWalk::prefetch_layer(int layer) {
  const int last = static_cast<int>(model_.layers.size());
  if (layer < 0 || !holds_) return;
  store_.prefetch(layer < last ? model_.layers[layer].segment : model_.segment_of(model_.head), source_);
}

void BlockWalk::head_backward(std::span<const Statistics> upstream, bool goes_on,
                              sharding::GradientStore& gradients) {
  const int norm_segment = model_.segment_of(model_.final_norm),
            head_segment = model_.segment_of(model_.head);
  const auto norm_held = store_.acquire(norm_segment, source_);
  const auto head_held = store_.acquire(head_segment, source_);
  if (goes_on) prefetch_layer(last_layer_);
  const bool trains_head = gradients.trains(model_.head), trains_norm = gradients.trains(model_.final_norm);
  std::vector<at::Tensor> norm_gradients(passes_.size());
  const base::TraceSpan span(base::Track::compute, "head backward");
  if (trains_head) gradients.open(head_segment);
  for (std::size_t i = 0; i < passes_.size(); ++i) {
    Pass& pass = passes_[i];
    if (trains_head) gradients.begin_leaf(pass.leaf, sharding::LeafAdds::many);
    if (pass.empty()) continue;
    HeadGradients views;
    if (trains_head) views.weight = gradients.view(model_.head);
    if (trains_norm)
      views.norm_gain = norm_gradients[i] =
          at::zeros({model_.config.hidden_size}, gradients.tensor_options());
    pass.hidden = pass.head->backward(head_weights(store_, model_), upstream[i], views);
    pass.head.reset();
  }
  if (trains_head) gradients.close();
  if (!trains_norm) return;
  gradients.open(norm_segment);
  for (std::size_t i = 0; i < passes_.size(); ++i) {
    gradients.begin_leaf(passes_[i].leaf, sharding::LeafAdds::once);
    if (norm_gradients[i].defined()) gradients.add(model_.final_norm, norm_gradients[i]);
  }
  gradients.close();
}

void BlockWalk::layer_backward(int layer, bool goes_on, sharding::GradientStore& gradients) {
  const int segment = model_.layers[layer].segment;
  const bool trains = gradients.trains_segment(segment);
  const auto held = store_.acquire(segment, source_);
  if (goes_on) prefetch_layer(layer - 1);
  if (goes_on) fetch_inputs(layer - 1);
  const base::TraceSpan span(base::Track::compute, segment_name(model_, layer), "backward");
  if (trains) gradients.open(segment);
  for (Pass& pass : passes_) {
    if (trains) gradients.begin_leaf(pass.leaf, sharding::LeafAdds::once);
    if (!pass.empty()) pass_layer_backward(layer, goes_on, pass, gradients);
  }
  if (trains) gradients.close();
}

void BlockWalk::pass_layer_backward(int layer, bool goes_on, Pass& pass, sharding::GradientStore& gradients) {
  KeptLayer kept = std::move(pass.kept[layer]);
  if (!kept.output.defined()) run_again(layer, pass, kept);
  std::vector<at::Tensor> inputs;
  std::vector<int> parameters;
  for (const int parameter : layer_parameters(model_.layers[layer])) {
    if (!gradients.trains(parameter)) continue;
    parameters.push_back(parameter);
    inputs.push_back(store_.slot(parameter));
  }
  if (goes_on) inputs.push_back(kept.input);
  const auto results = torch::autograd::grad({kept.output}, inputs, {pass.hidden});
  for (std::size_t i = 0; i < parameters.size(); ++i) gradients.add(parameters[i], results[i]);
  pass.hidden = goes_on ? results.back() : at::Tensor();
}

void BlockWalk::embedding_backward(sharding::GradientStore& gradients) {
  const base::TraceSpan span(base::Track::compute, "embedding backward");
  // The gradient of a lookup needs the ids only, so the embedding is not gathered again.
  gradients.open(model_.segment_of(model_.embedding));
  for (Pass& pass : passes_) {
    gradients.begin_leaf(pass.leaf, sharding::LeafAdds::once);
    if (!pass.empty()) gradients.add_rows(model_.embedding, pass.ids, pass.hidden);
  }
  gradients.close();
}

}  // namespace lethe::walk
