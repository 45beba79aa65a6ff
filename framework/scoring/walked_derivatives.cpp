// Derivatives along groups of directions over the engine: jets, or nested differentiation in float64, spread
// over ranks as perturbed passes are.
#include <ATen/ATen.h>

#include "framework/base/error.h"
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

// One walk of this rank: a group of directions over some of the samples; none of them where it only gathers
// along.
struct JetWork {
  std::size_t group;
  std::span<const std::int64_t> members;
};

// A rank that holds the model takes whole (group, pack) pairs. Ranks that share one walk every group
// together, each with packs of its own; a rank without a pack still gathers.
std::vector<JetWork> jobs_of(std::size_t groups, const std::vector<std::vector<std::int64_t>>& packs,
                             const dist::ProcessGroup& world, bool sharded) {
  const auto ranks = static_cast<std::size_t>(world.size()), rank = static_cast<std::size_t>(world.rank());
  const std::size_t all = groups * packs.size();
  std::vector<JetWork> jobs;
  for (std::size_t g = 0; g < groups; ++g) {
    for (std::size_t k = 0; k < packs.size(); ++k) {
      const bool mine = sharded ? k % ranks == rank : (g * packs.size() + k) * ranks / all == rank;
      if (mine) jobs.push_back({g, packs[k]});
    }
    const std::size_t last_round = packs.size() % ranks;
    if (sharded && last_round != 0 && rank >= last_round) jobs.push_back({g, {}});
  }
  return jobs;
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
  walk::JetWalk jets(walk_.model(), store_);
  std::vector<Sums> sums(groups.size() * samples.size());
  for (const JetWork& job : jobs_of(groups.size(), packs, world_, store_.grid().shard_size() > 1)) {
    const data::Pack pack = data::make_pack(documents_of(chosen, job.members));
    const walk::JetRequest request{directions_of(noise, groups[job.group]), moves};
    const ops::LogProbJet p =
        widened_sum(how == SecondOrder::jet ? jets.forward(pack, request)
                                            : nested_log_prob(walk_.model(), store_, pack, request));
    for (std::size_t i = 0; i < job.members.size(); ++i) {
      const auto at = static_cast<std::size_t>(job.members[i]);
      sums[job.group * samples.size() + at] = sums_of(p, pack.scored_offsets[i], base_.of(samples[at]));
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
