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

// Sums that ranks add up: loss, each term, log p of the forget tokens.
struct Sums {
  std::vector<std::string> names;
  std::vector<double> values;
  void add(const std::string& name, double value) {
    const auto found = std::ranges::find(names, name);
    if (found == names.end())
      names.push_back(name), values.push_back(value);
    else
      values[found - names.begin()] += value;
  }
};

// d(loss)/d(statistics) of one micro-batch, and its share of the sums.
std::vector<at::Tensor> upstream_of(const std::vector<Term>& terms, const std::vector<at::Tensor>& statistics,
                                    const GlobalCounts& counts, Sums& sums) {
  at::Tensor loss;
  for (const Term& term : terms) {
    const double count = counts.of(term.count);
    sums.add(term.name, 0);
    if (!term.sum.defined() || count == 0) continue;
    sums.add(term.name, term.sum.item<double>() / count);
    sums.add("", term.weight * term.sum.item<double>() / count);
    if (term.weight == 0) continue;
    const at::Tensor weighted = term.sum * (term.weight / count);
    loss = loss.defined() ? loss + weighted : weighted;
  }
  if (!loss.defined()) {
    std::vector<at::Tensor> zeros;
    for (const at::Tensor& statistic : statistics) zeros.push_back(at::zeros_like(statistic));
    return zeros;
  }
  return torch::autograd::grad({loss}, statistics, {}, std::nullopt, false, /*allow_unused=*/true);
}

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
                            std::span<const BatchItem> batch, std::int64_t micro_batch,
                            dist::ProcessGroup& world) {
  const objectives::Needs needs = objective.needs();
  const GlobalCounts counts = count_batch(data, batch);
  const BatchPlan plan = plan_batch(batch, world.size(), micro_batch);
  Sums sums;
  sums.add("", 0);
  for (const Term& term : objective.terms({})) sums.add(term.name, 0);
  double forget_log_prob = 0;
  gradients.zero();
  for (const std::vector<BatchItem>& items : plan.ranks[world.rank()]) {
    const data::Pack pack = pack_of(data, items);
    std::vector<at::Tensor> statistics =
        walk.forward(pack, {.statistics = needs.statistics, .for_backward = true});
    for (at::Tensor& statistic : statistics) statistic.requires_grad_(true);
    const MicroBatch roles = by_role(data, items, pack, statistics, needs.reference_log_prob);
    const at::AutoGradMode grad_mode(true);
    const auto upstream = upstream_of(objective.terms(roles), statistics, counts, sums);
    if (roles[Role::forget].num_samples() > 0)
      forget_log_prob += roles[Role::forget].log_prob().sum().item<double>();
    const at::NoGradGuard no_grad;
    walk.backward(upstream, gradients);
  }
  gradients.finish();
  sums.values.push_back(forget_log_prob);
  world.all_reduce(dist::span_of(std::span(sums.values)));
  StepResult result{.loss = sums.values[0], .imbalance = plan.imbalance};
  for (std::size_t i = 1; i < sums.names.size(); ++i) result.terms[sums.names[i]] = sums.values[i];
  result.forget_log_prob_mean =
      counts.tokens[0] > 0 ? sums.values.back() / counts.tokens[0] : std::numeric_limits<double>::quiet_NaN();
  for (const BatchItem& item : batch) result.real_tokens += item.tokens;
  return result;
}

}  // namespace lethe::training
