#include "framework/inference/generation.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/data/packing.h"
#include "framework/inference/kv_cache.h"
#include "framework/ops/attention.h"
#include "framework/walk/cached_walk.h"

namespace lethe::inference {
namespace {

// The sequences of one batch while they grow. A rank without sequences walks along with empty inputs until
// all ranks are done.
class Batch {
 public:
  Batch(const models::DecoderModel& model, sharding::WeightStore& store, std::vector<std::int64_t> ids,
        std::span<const std::vector<std::int32_t>> prompts, const GenerationOptions& options,
        std::vector<std::vector<std::int32_t>>& outputs)
      : model_(model),
        store_(store),
        live_(std::move(ids)),
        prompts_(prompts),
        options_(options),
        outputs_(outputs),
        cache_(static_cast<int>(model.layers.size()), static_cast<std::int64_t>(live_.size()),
               model.shape.num_kv_heads, capacity(), model.shape.head_dim, store.options().compute) {}

  void read_prompts() {
    std::vector<data::Document> documents;
    for (const std::int64_t id : live_) documents.push_back({.ids = prompts_[id]});
    const data::Pack pack = data::make_pack(documents);
    const at::Tensor hidden =
        walk::run_blocks(model_, store_, at::tensor(pack.ids, at::kLong), pack.positions,
                         [&](int layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
                           cache_.store_prompts(layer, k, v, pack.document_offsets);
                           return ops::attention(q, k, v, pack.document_offsets);
                         });
    std::vector<std::int64_t> last_rows;
    for (std::size_t s = 0; s < live_.size(); ++s) {
      last_rows.push_back(pack.document_offsets[s + 1] - 1);
      lengths_.push_back(pack.document_offsets[s + 1] - pack.document_offsets[s]);
    }
    choose(hidden.index_select(0, at::tensor(last_rows, at::kLong)));
  }

  void step() {
    const at::Tensor hidden =
        walk::run_blocks(model_, store_, at::tensor(next_, at::kLong), lengths_,
                         [&](int layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
                           return cache_.append_and_attend(layer, q, k, v, lengths_);
                         });
    for (std::int64_t& length : lengths_) ++length;
    choose(hidden);
  }

  bool done() const { return live_.empty(); }

 private:
  std::int64_t capacity() const {
    std::size_t longest = 0;
    for (const std::int64_t id : live_) longest = std::max(longest, prompts_[id].size());
    return static_cast<std::int64_t>(longest) + options_.max_new_tokens;
  }

  // Takes the likeliest next token of every sequence and lets go of those that end with it.
  void choose(const at::Tensor& hidden) {
    const at::Tensor logits = walk::logits_of(model_, store_, hidden);
    next_.clear();
    if (live_.empty()) return;
    const at::Tensor best = logits.argmax(1);
    std::vector<std::int64_t> kept;
    for (std::size_t s = 0; s < live_.size(); ++s) {
      const auto token = static_cast<std::int32_t>(best.const_data_ptr<std::int64_t>()[s]);
      auto& output = outputs_[live_[s]];
      const bool stops = std::ranges::find(options_.stop_ids, token) != options_.stop_ids.end();
      if (!stops) output.push_back(token);
      if (stops || static_cast<std::int64_t>(output.size()) >= options_.max_new_tokens) continue;
      kept.push_back(static_cast<std::int64_t>(s));
      next_.push_back(token);
    }
    if (kept.size() < live_.size()) shrink(kept);
  }

  void shrink(const std::vector<std::int64_t>& kept) {
    for (std::size_t i = 0; i < kept.size(); ++i) live_[i] = live_[kept[i]], lengths_[i] = lengths_[kept[i]];
    live_.resize(kept.size());
    lengths_.resize(kept.size());
    cache_.keep(at::tensor(kept, at::kLong));
  }

  const models::DecoderModel& model_;
  sharding::WeightStore& store_;
  std::vector<std::int64_t> live_;  // prompt numbers
  std::span<const std::vector<std::int32_t>> prompts_;
  const GenerationOptions& options_;
  std::vector<std::vector<std::int32_t>>& outputs_;
  KvCache cache_;
  std::vector<std::int64_t> lengths_;  // tokens in the cache
  std::vector<std::int64_t> next_;     // tokens to run
};

bool anybody_goes_on(dist::ProcessGroup& world, bool here) {
  std::int64_t any = here ? 1 : 0;
  world.all_reduce({&any, 1, dist::DType::i64}, dist::Reduce::max);
  return any != 0;
}

// Every rank gets every output: token + 1 in its place, zero elsewhere, summed.
void share(dist::ProcessGroup& world, std::vector<std::vector<std::int32_t>>& outputs,
           std::int64_t max_new_tokens) {
  std::vector<std::int64_t> flat(outputs.size() * static_cast<std::size_t>(max_new_tokens), 0);
  for (std::size_t p = 0; p < outputs.size(); ++p)
    for (std::size_t t = 0; t < outputs[p].size(); ++t) flat[p * max_new_tokens + t] = outputs[p][t] + 1;
  world.all_reduce(dist::span_of(std::span(flat)));
  for (std::size_t p = 0; p < outputs.size(); ++p) {
    outputs[p].clear();
    for (std::int64_t t = 0; t < max_new_tokens && flat[p * max_new_tokens + t] > 0; ++t)
      outputs[p].push_back(static_cast<std::int32_t>(flat[p * max_new_tokens + t] - 1));
  }
}

}  // namespace

std::vector<std::vector<std::int32_t>> generate(const models::DecoderModel& model,
                                                sharding::WeightStore& store, dist::ProcessGroup& world,
                                                std::span<const std::vector<std::int32_t>> prompts,
                                                const GenerationOptions& options) {
  std::vector<std::vector<std::int32_t>> outputs(prompts.size());
  const std::int64_t count = static_cast<std::int64_t>(prompts.size()),
                     at_once = options.batch * world.size();
  for (std::int64_t first = 0; first < count; first += at_once) {
    std::vector<std::int64_t> mine;
    for (std::int64_t id = first + world.rank(); id < std::min(first + at_once, count); id += world.size())
      mine.push_back(id);
    Batch batch(model, store, std::move(mine), prompts, options, outputs);
    batch.read_prompts();
    while (anybody_goes_on(world, !batch.done())) batch.step();
  }
  share(world, outputs, options.max_new_tokens);
  return outputs;
}

}  // namespace lethe::inference
