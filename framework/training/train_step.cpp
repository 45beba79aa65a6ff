#include "framework/training/train_step.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "framework/base/random.h"

namespace lethe::training {
namespace {

using objectives::MicroBatch;
using objectives::Needs;
using objectives::Role;
using objectives::Term;

// What each pack adds to the loss, to each term (in the objective's order) and to log p of the forget tokens:
// [packs][1 + terms + 1]. Each row is filled by the rank that ran the pack; adding the ranks' zeros to it is
// exact, so the sums over rows have the same bits everywhere.
class PackSums {
 public:
  PackSums(std::size_t num_packs, const std::vector<Term>& terms)
      : columns_(terms.size() + 2), values_(num_packs * columns_, 0.0) {}
  std::span<double> row(int pack) { return std::span(values_).subspan(pack * columns_, columns_); }
  std::vector<double> total(dist::ProcessGroup& world) {
    world.all_reduce(dist::span_of(std::span(values_)));
    std::vector<double> sums(columns_, 0.0);
    for (std::size_t i = 0; i < values_.size(); ++i) sums[i % columns_] += values_[i];
    return sums;
  }

 private:
  std::size_t columns_;
  std::vector<double> values_;
};

// d(loss)/d(leaf) for each leaf (statistics, tap) of one pack, and its share of the sums.
std::vector<at::Tensor> upstream_of(const std::vector<Term>& terms, const std::vector<at::Tensor>& leaves,
                                    const BatchFacts& facts, std::span<double> sums) {
  at::Tensor loss;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const Term& term = terms[t];
    const double count = facts.of(term.count);
    if (!term.sum.defined() || count == 0) continue;
    sums[t + 1] = term.sum.item<double>() / count;
    sums[0] += term.weight * sums[t + 1];
    if (term.weight == 0) continue;
    const at::Tensor weighted = term.sum * (term.weight / count);
    loss = loss.defined() ? loss + weighted : weighted;
  }
  if (!loss.defined()) return std::vector<at::Tensor>(leaves.size());
  return torch::autograd::grad({loss}, leaves, {}, std::nullopt, false, /*allow_unused=*/true);
}

// A walk's result as something to differentiate by: float32 at least.
at::Tensor leaf_of(const at::Tensor& value) {
  return (value.scalar_type() == at::kBFloat16 ? value.to(at::kFloat) : value).detach().requires_grad_(true);
}

// One forward and one backward of a rank's packs.
struct Wave {
  const TrainingData& data;
  const objectives::Objective& objective;
  const Needs& needs;
  const BatchFacts& facts;
  PackSums& sums;

  void run(const BatchPlan& plan, const std::vector<int>& mine, walk::BlockWalk& walk,
           sharding::GradientStore& gradients) {
    std::vector<PackedBatch> packed;
    std::vector<data::Pack> packs;
    for (const int pack : mine) packed.push_back(pack_items(data, needs, facts, plan.packs[pack]));
    for (PackedBatch& batch : packed) packs.push_back(std::move(batch.pack));
    const FrozenRows frozen = frozen_rows(data, needs, facts, packed);
    const std::vector<walk::PackReads> reads = reads_of(needs, packed, frozen);
    const int lowest = std::max(walk::lowest_trained_layer(walk.model(), gradients), 0);
    const std::vector<walk::Statistics> statistics = walk.forward(packs, {.statistics = statistics_of(needs),
                                                                          .for_backward = true,
                                                                          .first_kept_layer = lowest,
                                                                          .reads = reads,
                                                                          .tap_layer = needs.tap_layer});
    std::vector<walk::Statistics> upstream;
    std::vector<at::Tensor> taps;
    for (std::size_t i = 0; i < mine.size(); ++i) {
      std::vector<at::Tensor> leaves = statistics[i];
      if (needs.tap_layer >= 0) leaves.push_back(walk.tap(i));
      upstream.push_back(upstream_of_pack(packed[i], packs[i], leaves, frozen, i, sums.row(mine[i])));
      if (needs.tap_layer >= 0) taps.push_back(upstream.back().back()), upstream.back().pop_back();
    }
    const at::NoGradGuard no_grad;
    walk.backward(upstream, mine, gradients, taps);
  }

  // `leaves`: the pack's statistics, and its tap where there is one. Pack `number` of the wave.
  walk::Statistics upstream_of_pack(const PackedBatch& packed, const data::Pack& pack,
                                    std::vector<at::Tensor> leaves, const FrozenRows& frozen,
                                    std::size_t number, std::span<double> row) {
    for (at::Tensor& leaf : leaves) leaf = leaf_of(leaf);
    const at::AutoGradMode grad_mode(true);
    const MicroBatch roles = by_role(data, needs, packed, pack, leaves, frozen, number);
    const auto& forget = roles[Role::forget];
    if (forget.num_samples() > 0 && forget.statistics.contains("log_prob"))
      row.back() = forget.log_prob().sum().item<double>();
    return upstream_of(objective.terms(roles), leaves, facts, row);
  }
};

// The terms that the batch had samples for; `totals` as PackSums gives them. The loss takes the constant part
// off (PDU's bound).
StepResult result_of(const std::vector<Term>& terms, const BatchFacts& facts,
                     const std::vector<double>& totals) {
  StepResult result{.loss = totals[0]};
  for (std::size_t t = 0; t < terms.size(); ++t) {
    if (facts.of(terms[t].count) == 0) continue;
    result.terms[terms[t].name] += totals[t + 1];
    result.loss -= terms[t].weight * terms[t].offset;
  }
  return result;
}

}  // namespace

std::vector<BatchItem> batch_items(const TrainingData& data, const Needs& needs, const BatchDraw& draw) {
  std::vector<BatchItem> items;
  const auto add = [&](Role role, Role other, std::span<const std::int64_t> samples) {
    if (!needs[role].present && !needs[other].present) return;
    for (const std::int64_t sample : samples) {
      BatchItem item{.role = role, .sample = sample};
      if (needs[role].present) item.tokens += static_cast<std::int64_t>(data.of(role)[sample].ids.size());
      if (needs[other].present) {
        const auto word = base::random_words({.seed = draw.seed,
                                              .stream = base::Stream::alternates,
                                              .draw = static_cast<std::uint32_t>(draw.step)},
                                             static_cast<std::uint64_t>(sample))[0];
        const std::int64_t variants = data.alternates_per_sample[static_cast<int>(other)];
        item.alternate = sample * variants + word % variants;
        item.tokens += static_cast<std::int64_t>(data.of(other)[item.alternate].ids.size());
      }
      items.push_back(item);
    }
  };
  add(Role::forget, Role::alternate, draw.forget);
  add(Role::retain, Role::retain_alternate, draw.retain);
  return items;
}

StepResult compute_gradient(walk::BlockWalk& walk, sharding::GradientStore& gradients,
                            const objectives::Objective& objective, const TrainingData& data,
                            std::span<const BatchItem> batch, SplitOptions split, dist::ProcessGroup& world) {
  const Needs needs = objective.needs();
  const BatchFacts facts = facts_of(data, needs, batch);
  const BatchPlan plan = plan_batch(batch, world.size(), split);
  const std::vector<Term> no_terms = objective.terms({});
  PackSums sums(plan.packs.size(), no_terms);
  Wave wave{data, objective, needs, facts, sums};
  gradients.zero();
  const bool elastic = split.logical_shards > 0;
  if (elastic) gradients.fold_leaves(static_cast<int>(plan.packs.size()));
  for (const auto& packs_by_rank : plan.waves) {
    if (elastic) gradients.begin_wave(packs_by_rank);
    wave.run(plan, packs_by_rank[world.rank()], walk, gradients);
  }
  gradients.finish();
  const std::vector<double> total = sums.total(world);
  StepResult result = result_of(no_terms, facts, total);
  result.imbalance = plan.imbalance;
  const bool read = std::ranges::count(needs[Role::forget].statistics, "log_prob") > 0;
  result.forget_log_prob_mean =
      read && facts.rows[0] > 0 ? total.back() / facts.rows[0] : std::numeric_limits<double>::quiet_NaN();
  for (const BatchItem& item : batch) result.real_tokens += item.tokens;
  return result;
}

}  // namespace lethe::training
