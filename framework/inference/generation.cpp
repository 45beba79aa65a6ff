#include "framework/inference/generation.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <numeric>
#include <set>

#include "framework/base/error.h"
#include "framework/data/packing.h"
#include "framework/inference/kv_cache.h"
#include "framework/ops/attention.h"
#include "framework/walk/cached_walk.h"
#include "framework/walk/index_tensor.h"

namespace lethe::inference {
namespace {

// What nobody attends to and what takes no position can as well not be there; only behind it something must
// come, whose logits are read.
std::vector<std::int32_t> without(std::span<const std::int32_t> prompt, std::int32_t unseen_id) {
  if (!prompt.empty() && prompt.back() == unseen_id)
    fail("config.conflict",
         fmt::format("a prompt ends in token {}, which looks like padding and is seen by nobody", unseen_id),
         "set eval.compat: none");
  std::vector<std::int32_t> seen(prompt.begin(), prompt.end());
  std::erase(seen, unseen_id);
  return seen;
}

// The sequences of one batch while they grow. A rank without sequences walks along with empty inputs until
// all ranks are done.
class Batch {
 public:
  Batch(const models::DecoderModel& model, sharding::WeightStore& store,
        std::span<const std::vector<std::int32_t>> prompts, const GenerationOptions& options,
        bool with_margins)
      : model_(model),
        store_(store),
        prompts_(prompts),
        options_(options),
        with_margins_(with_margins),
        live_(prompts.size()),
        cache_(static_cast<int>(model.layers.size()), static_cast<std::int64_t>(prompts.size()),
               model.shape.num_kv_heads, capacity(), model.shape.head_dim, store.tensor_options()) {
    std::iota(live_.begin(), live_.end(), 0);
    for (const auto& prompt : prompts) seen_.push_back(without(prompt, options.unseen_id));
    out.tokens.resize(prompts.size());
    out.margins.resize(prompts.size());
  }

  void read_prompts() {
    std::vector<data::Document> documents;
    for (const auto& prompt : seen_) documents.push_back({.ids = prompt});
    const data::Pack pack = data::make_pack(documents);
    const at::Tensor hidden =
        walk::run_blocks(model_, store_, walk::index_tensor(pack.ids, store_.device()), pack.positions,
                         [&](int layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
                           cache_.store_prompts(layer, k, v, pack.document_offsets);
                           return ops::attention(q, k, v, pack.document_offsets);
                         });
    std::vector<std::int64_t> last_rows;
    for (std::size_t s = 0; s < live_.size(); ++s) {
      last_rows.push_back(pack.document_offsets[s + 1] - 1);
      lengths_.push_back(pack.document_offsets[s + 1] - pack.document_offsets[s]);
    }
    choose(hidden.index_select(0, walk::index_tensor(last_rows, store_.device())));
  }

  void step() {
    cache_.begin_step(lengths_);
    const at::Tensor hidden =
        walk::run_blocks(model_, store_, walk::index_tensor(next_, store_.device()), lengths_,
                         [&](int layer, const at::Tensor& q, const at::Tensor& k, const at::Tensor& v) {
                           return cache_.append_and_attend(layer, q, k, v);
                         });
    for (std::int64_t& length : lengths_) ++length;
    choose(hidden);
  }

  bool done() const { return live_.empty(); }

  Generated out;

 private:
  std::int64_t capacity() const {
    std::size_t longest = 0;
    for (const auto& prompt : prompts_) longest = std::max(longest, prompt.size());
    return static_cast<std::int64_t>(longest) + options_.max_new_tokens;
  }

  // Takes the likeliest next token of every sequence and lets go of those that end with it.
  void choose(const at::Tensor& hidden) {
    at::Tensor logits = walk::logits_of(model_, store_, hidden);
    next_.clear();
    if (live_.empty()) return;
    if (options_.repetition_penalty != 1) logits = penalised(logits);
    const at::Tensor best = logits.argmax(1).cpu();
    if (with_margins_) note_margins(logits);
    std::vector<std::size_t> ended;
    for (std::size_t s = 0; s < live_.size(); ++s) {
      const auto token = static_cast<std::int32_t>(best.const_data_ptr<std::int64_t>()[s]);
      auto& output = out.tokens[live_[s]];
      const bool stops = std::ranges::find(options_.stop_ids, token) != options_.stop_ids.end();
      if (!stops) output.push_back(token);
      if (stops || static_cast<std::int64_t>(output.size()) >= options_.max_new_tokens) ended.push_back(s);
      next_.push_back(token);
    }
    for (auto s = ended.rbegin(); s != ended.rend(); ++s) remove(*s);
  }

  // As transformers' RepetitionPenaltyLogitsProcessor: prompts count too.
  at::Tensor penalised(const at::Tensor& logits) const {
    at::Tensor result = logits.clone();
    for (std::size_t s = 0; s < live_.size(); ++s) {
      std::set<std::int64_t> ids(prompts_[live_[s]].begin(), prompts_[live_[s]].end());
      ids.insert(out.tokens[live_[s]].begin(), out.tokens[live_[s]].end());
      const at::Tensor repeated = walk::index_tensor(std::vector(ids.begin(), ids.end()), logits.device());
      const auto row = static_cast<std::int64_t>(s);
      const at::Tensor values = logits[row].index_select(0, repeated);
      result[row].index_copy_(
          0, repeated,
          at::where(values < 0, values * options_.repetition_penalty, values / options_.repetition_penalty));
    }
    return result;
  }

  // The last sequence takes the place of one that has ended.
  void remove(std::size_t s) {
    const std::size_t last = live_.size() - 1;
    if (s != last)
      cache_.move_row(static_cast<std::int64_t>(last), static_cast<std::int64_t>(s), lengths_[last]);
    live_[s] = live_[last];
    lengths_[s] = lengths_[last];
    next_[s] = next_[last];
    live_.pop_back();
    lengths_.pop_back();
    next_.pop_back();
  }

  void note_margins(const at::Tensor& logits) {
    const at::Tensor two = std::get<0>(logits.topk(2, 1)).to(at::kCPU, at::kFloat).contiguous();
    const float* values = two.const_data_ptr<float>();
    for (std::size_t s = 0; s < live_.size(); ++s)
      out.margins[live_[s]].push_back(values[2 * s] - values[2 * s + 1]);
  }

  const models::DecoderModel& model_;
  sharding::WeightStore& store_;
  std::span<const std::vector<std::int32_t>> prompts_;
  std::vector<std::vector<std::int32_t>> seen_;  // of each prompt, what is attended to
  const GenerationOptions& options_;
  bool with_margins_;
  std::vector<std::size_t> live_;  // prompt numbers, by row of the cache
  KvCache cache_;
  std::vector<std::int64_t> lengths_;  // tokens in the cache
  std::vector<std::int64_t> next_;     // tokens to run
};

bool anybody_goes_on(dist::ProcessGroup& world, bool here) {
  std::int64_t any = here ? 1 : 0;
  world.all_reduce({&any, 1, dist::DType::i64}, dist::Reduce::max);
  return any != 0;
}

}  // namespace

Generated generate(const models::DecoderModel& model, sharding::WeightStore& store, dist::ProcessGroup& world,
                   std::span<const std::vector<std::int32_t>> prompts, const GenerationOptions& options,
                   bool with_margins) {
  Batch batch(model, store, prompts, options, with_margins);
  batch.read_prompts();
  while (anybody_goes_on(world, !batch.done())) batch.step();
  return std::move(batch.out);
}

}  // namespace lethe::inference
