// Derivatives along groups of directions over the engine: jets, or nested differentiation in float64, spread
// over ranks as perturbed passes are.
#include <ATen/ATen.h>

#include "framework/base/error.h"
#include "framework/base/memory_counter.h"
#include "framework/scoring/job_grid.h"
#include "framework/scoring/nested_autograd.h"
#include "framework/scoring/perturbation.h"
#include "framework/scoring/sample_choice.h"
#include "framework/scoring/walked_model.h"
#include "framework/walk/jet_walk.h"

namespace lethe::scoring {
namespace {

// Sums of one sample under one group, in the order in which they travel.
struct Sums {
  double first_ratio = 0, first_difference = 0, second_ratio = 0, second_difference = 0;
};
constexpr std::size_t kSums = sizeof(Sums) / sizeof(double);

ops::Directions directions_of(const Noise& noise, const DirectionGroup& group) {
  const bool signs = noise.distribution == Distribution::rademacher;
  return {.key = {.seed = noise.seed,
                  .stream = signs ? base::Stream::rademacher : base::Stream::gaussian,
                  .draw = group.first,
                  .refresh = noise.refresh},
          .count = group.count};
}

// Of tokens [first, first + base.size()) of a pack, float64 in token order. A token that is certain beyond
// the format, here or in the base pass, is left out.
Sums sums_of(const ops::LogProbJet& p, std::int64_t first, std::span<const double> base) {
  Sums sums;
  const auto value = p.value.accessor<double, 1>(), slope = p.first.accessor<double, 1>(),
             curve = p.second.accessor<double, 1>();
  for (std::size_t t = 0; t < base.size(); ++t) {
    const std::int64_t row = first + static_cast<std::int64_t>(t);
    if (base[t] == 0 || value[row] == 0) continue;
    sums.first_ratio += slope[row] / value[row];
    sums.first_difference += slope[row];
    sums.second_ratio += curve[row] / value[row];
    sums.second_difference += curve[row];
  }
  return sums;
}

// In host memory and float64, with the first derivatives summed over directions.
ops::LogProbJet widened_sum(const ops::LogProbJet& p) {
  const auto wide = [](const at::Tensor& x) { return x.to(at::kCPU, at::kDouble); };
  return {wide(p.value), wide(p.first).sum(0), wide(p.second)};
}

DerivativeValues unpacked(std::span<const Sums> sums) {
  DerivativeValues values;
  for (const Sums& s : sums) {
    values.first.ratio.push_back(s.first_ratio);
    values.first.difference.push_back(s.first_difference);
    values.second.ratio.push_back(s.second_ratio);
    values.second.difference.push_back(s.second_difference);
  }
  return values;
}

// By pass; the oracle takes one, an empty pack where there is none.
std::vector<ops::LogProbJet> walk_together(const models::DecoderModel& model, sharding::WeightStore& store,
                                           std::span<const walk::JetPass> passes, SecondOrder how) {
  if (how == SecondOrder::jet) return walk::JetWalk(model, store).forward(passes);
  if (!passes.empty()) return {nested_log_prob(model, store, *passes[0].pack, passes[0].request)};
  const std::vector<bool> none(model.index.parameters().size());
  (void)nested_log_prob(model, store, data::make_pack({}), {.directions = {.count = 1}, .moves = none});
  return {};
}

}  // namespace

std::vector<DerivativeValues> WalkedModel::derivative_passes(const Noise& noise,
                                                             std::span<const DirectionGroup> groups,
                                                             std::span<const std::int64_t> asked,
                                                             SecondOrder how) {
  const std::vector<std::int64_t> samples = named_or_all(asked, documents_.size());
  const std::vector<data::Document> chosen = documents_of(documents_, samples);
  const auto packs = data::packs_of(chosen);
  const std::vector<bool> moves = moved_parameters(store_.index(), noise.scope);
  const bool sharded = store_.grid().shard_size() > 1;
  const std::size_t at_once = how == SecondOrder::jet ? jobs_at_once(/*jets=*/true, sharded) : 1;
  const base::MemoryScope memory(base::Memory::activations);
  std::vector<Sums> sums(groups.size() * samples.size());
  for (const auto& round : rounds_of_jobs(groups.size(), packs.size(), world_, at_once, sharded)) {
    std::vector<data::Pack> made(round.size());
    std::vector<walk::JetPass> passes;
    for (std::size_t i = 0; i < round.size(); ++i) {
      made[i] = data::make_pack(documents_of(chosen, packs[round[i].pack]));
      passes.push_back({&made[i], {directions_of(noise, groups[round[i].draw]), moves}});
    }
    const auto jets = walk_together(walk_.model(), store_, passes, how);
    for (std::size_t i = 0; i < round.size(); ++i) {
      const ops::LogProbJet p = widened_sum(jets[i]);
      const auto& members = packs[round[i].pack];
      for (std::size_t m = 0; m < members.size(); ++m) {
        const auto at = static_cast<std::size_t>(members[m]);
        sums[round[i].draw * samples.size() + at] =
            sums_of(p, made[i].scored_offsets[m], base_.of(samples[at]));
      }
    }
  }
  // Each sum was made by one rank and is zero on the others, so adding is exact.
  world_.all_reduce({sums.data(), sums.size() * kSums, dist::DType::f64});
  std::vector<DerivativeValues> values;
  for (std::size_t g = 0; g < groups.size(); ++g)
    values.push_back(unpacked(std::span(sums).subspan(g * samples.size(), samples.size())));
  return values;
}

}  // namespace lethe::scoring
