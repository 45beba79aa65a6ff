#include "framework/training/train_step.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>
#include <limits>

#include "framework/base/error.h"

namespace lethe::training {
namespace {

using objectives::Count;
using objectives::MicroBatch;
using objectives::Role;
using objectives::Term;

struct GlobalCounts {
  std::array<double, objectives::kNumRoles> samples{}, tokens{};
  double of(Count count) const {
    switch (count) {
      case Count::forget_samples:
        return samples[0];
      case Count::forget_tokens:
        return tokens[0];
      case Count::retain_samples:
        return samples[1];
      case Count::retain_tokens:
        return tokens[1];
      case Count::alternate_samples:
        return samples[2];
      case Count::alternate_tokens:
        return tokens[2];
      case Count::all_tokens:
        return tokens[0] + tokens[1] + tokens[2];
    }
    LETHE_CHECK(false, "count {}", static_cast<int>(count));
  }
};

GlobalCounts count_batch(const TrainingData& data, std::span<const BatchItem> batch) {
  GlobalCounts counts;
  for (const BatchItem& item : batch) {
    counts.samples[static_cast<int>(item.role)] += 1;
    counts.tokens[static_cast<int>(item.role)] +=
        static_cast<double>(data.of(item.role)[item.sample].scored_tokens());
  }
  return counts;
}

data::Pack pack_of(const TrainingData& data, std::span<const BatchItem> items) {
  std::vector<data::Document> documents;
  for (const BatchItem& item : items) documents.push_back(data.of(item.role)[item.sample]);
  return data::make_pack(documents);
}

at::Tensor reference_of(const TrainingData& data, std::span<const BatchItem> items, at::ScalarType dtype) {
  std::vector<double> values;
  for (const BatchItem& item : items) {
    if (item.role != Role::forget) continue;
    const auto of_sample = data.forget_reference->of(item.sample);
    values.insert(values.end(), of_sample.begin(), of_sample.end());
  }
  return at::tensor(values, at::kDouble).to(dtype);
}

// Cuts the pack's statistics by role. Items of one role are neighbours in a pack (forget, then retain), so
// each role is one narrow view.
MicroBatch by_role(const TrainingData& data, std::span<const BatchItem> items, const data::Pack& pack,
                   const std::vector<at::Tensor>& statistics, bool reference) {
  MicroBatch batch;
  for (std::size_t first = 0; first < items.size();) {
    std::size_t last = first;
    objectives::RoleTokens& role = batch[items[first].role];
    while (last < items.size() && items[last].role == items[first].role) {
      ++last;
      role.offsets.push_back(pack.scored_offsets[last] - pack.scored_offsets[first]);
    }
    for (const at::Tensor& statistic : statistics)
      role.statistics.push_back(statistic.narrow(0, pack.scored_offsets[first], role.offsets.back()));
    first = last;
  }
  if (reference && batch[Role::forget].num_samples() > 0)
    batch[Role::forget].reference_log_prob = reference_of(data, items, statistics.front().scalar_type());
  return batch;
}

// What each pack adds to the loss, to each term (in the objective's order) and to log p of the forget tokens:
// [packs][1 + terms + 1]. Each row is filled by the rank that ran the pack; adding the ranks' zeros to it is
// exact, so the sums over rows have the same bits everywhere.
class PackSums {
 public:
  PackSums(std::size_t num_packs, const std::vector<Term>& terms)
      : columns_(terms.size() + 2), values_(num_packs * columns_, 0.0) {
    for (const Term& term : terms) names_.push_back(term.name);
  }
  std::span<double> row(int pack) { return std::span(values_).subspan(pack * columns_, columns_); }
  const std::vector<std::string>& names() const noexcept { return names_; }
  std::vector<double> total(dist::ProcessGroup& world) {
    world.all_reduce(dist::span_of(std::span(values_)));
    std::vector<double> sums(columns_, 0.0);
    for (std::size_t i = 0; i < values_.size(); ++i) sums[i % columns_] += values_[i];
    return sums;
  }

 private:
  std::size_t columns_;
  std::vector<std::string> names_;
  std::vector<double> values_;
};

// d(loss)/d(statistics) of one pack, and its share of the sums.
walk::Statistics upstream_of(const std::vector<Term>& terms, const walk::Statistics& statistics,
                             const GlobalCounts& counts, std::span<double> sums) {
  at::Tensor loss;
  for (std::size_t t = 0; t < terms.size(); ++t) {
    const Term& term = terms[t];
    const double count = counts.of(term.count);
    if (!term.sum.defined() || count == 0) continue;
    sums[t + 1] = term.sum.item<double>() / count;
    sums[0] += term.weight * sums[t + 1];
    if (term.weight == 0) continue;
    const at::Tensor weighted = term.sum * (term.weight / count);
    loss = loss.defined() ? loss + weighted : weighted;
  }
  if (loss.defined())
    return torch::autograd::grad({loss}, statistics, {}, std::nullopt, false, /*allow_unused=*/true);
  walk::Statistics zeros;
  for (const at::Tensor& statistic : statistics) zeros.push_back(at::zeros_like(statistic));
  return zeros;
}

// One forward and one backward of a rank's packs.
struct Wave {
  const TrainingData& data;
  const objectives::Objective& objective;
  const GlobalCounts& counts;
  PackSums& sums;

  void run(const BatchPlan& plan, const std::vector<int>& mine, walk::BlockWalk& walk,
           sharding::GradientStore& gradients) {
    const objectives::Needs needs = objective.needs();
    std::vector<data::Pack> packs;
    for (const int pack : mine) packs.push_back(pack_of(data, plan.packs[pack]));
    const int lowest = std::max(walk::lowest_trained_layer(walk.model(), gradients), 0);
    std::vector<walk::Statistics> statistics = walk.forward(
        packs, {.statistics = needs.statistics, .for_backward = true, .first_kept_layer = lowest});
    std::vector<walk::Statistics> upstream;
    for (std::size_t i = 0; i < mine.size(); ++i)
      upstream.push_back(upstream_of_pack(plan.packs[mine[i]], packs[i], statistics[i], sums.row(mine[i])));
    const at::NoGradGuard no_grad;
    walk.backward(upstream, mine, gradients);
  }

  walk::Statistics upstream_of_pack(std::span<const BatchItem> items, const data::Pack& pack,
                                    walk::Statistics& statistics, std::span<double> row) {
    for (at::Tensor& statistic : statistics) statistic.requires_grad_(true);
    const at::AutoGradMode grad_mode(true);
    const MicroBatch roles = by_role(data, items, pack, statistics, objective.needs().reference_log_prob);
    if (roles[Role::forget].num_samples() > 0)
      row.back() = roles[Role::forget].log_prob().sum().item<double>();
    return upstream_of(objective.terms(roles), statistics, counts, row);
  }
};

}  // namespace

std::vector<BatchItem> batch_items(const TrainingData& data, std::span<const std::int64_t> forget,
                                   std::span<const std::int64_t> retain) {
  std::vector<BatchItem> items;
  for (const auto& [role, samples] : {std::pair(Role::forget, forget), std::pair(Role::retain, retain)}) {
    for (const std::int64_t sample : samples)
      items.push_back({role, sample, static_cast<std::int64_t>(data.of(role)[sample].ids.size())});
  }
  return items;
}

StepResult compute_gradient(walk::BlockWalk& walk, sharding::GradientStore& gradients,
                            const objectives::Objective& objective, const TrainingData& data,
                            std::span<const BatchItem> batch, SplitOptions split, dist::ProcessGroup& world) {
  const GlobalCounts counts = count_batch(data, batch);
  const BatchPlan plan = plan_batch(batch, world.size(), split);
  PackSums sums(plan.packs.size(), objective.terms({}));
  Wave wave{data, objective, counts, sums};
  gradients.zero();
  const bool elastic = split.logical_shards > 0;
  if (elastic) gradients.fold_leaves(static_cast<int>(plan.packs.size()));
  for (const auto& packs_by_rank : plan.waves) {
    if (elastic) gradients.begin_wave(packs_by_rank);
    wave.run(plan, packs_by_rank[world.rank()], walk, gradients);
  }
  gradients.finish();
  const std::vector<double> total = sums.total(world);
  StepResult result{.loss = total[0], .imbalance = plan.imbalance};
  for (std::size_t t = 0; t < sums.names().size(); ++t) result.terms[sums.names()[t]] += total[t + 1];
  result.forget_log_prob_mean =
      counts.tokens[0] > 0 ? total.back() / counts.tokens[0] : std::numeric_limits<double>::quiet_NaN();
  for (const BatchItem& item : batch) result.real_tokens += item.tokens;
  return result;
}

}  // namespace lethe::training
