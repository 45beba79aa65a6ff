#include "framework/inference/log_likelihood.h"

#include <ATen/ATen.h>

#include <limits>
#include <numeric>

namespace lethe::inference {

TokenLogProbs empty_log_probs(std::span<const data::Document> documents) {
  TokenLogProbs result;
  for (const data::Document& document : documents)
    result.offsets.push_back(result.offsets.back() + document.scored_tokens());
  result.values.assign(static_cast<std::size_t>(result.offsets.back()), 0.0);
  return result;
}

void put_pack(const at::Tensor& log_probs, const data::Pack& pack, std::span<const std::int64_t> documents,
              TokenLogProbs& into) {
  const at::Tensor values = log_probs.to(at::kCPU, at::kDouble).contiguous();
  const double* from = values.const_data_ptr<double>();
  for (std::size_t i = 0; i < documents.size(); ++i)
    std::copy(from + pack.scored_offsets[i], from + pack.scored_offsets[i + 1],
              into.values.begin() + into.offsets[documents[i]]);
}

TokenLogProbs token_log_probs(walk::BlockWalk& walk, dist::ProcessGroup& world,
                              std::span<const data::Document> documents, const sharding::WeightSource* source,
                              std::int64_t max_tokens) {
  TokenLogProbs result = empty_log_probs(documents);
  const auto packs = data::packs_of(documents, max_tokens);
  const auto ranks = static_cast<std::size_t>(world.size());
  for (std::size_t round = 0; round < (packs.size() + ranks - 1) / ranks; ++round) {
    const std::size_t mine = round * ranks + static_cast<std::size_t>(world.rank());
    const auto members =
        mine < packs.size() ? std::span<const std::int64_t>(packs[mine]) : std::span<const std::int64_t>();
    std::vector<data::Document> chosen;
    for (const std::int64_t d : members) chosen.push_back(documents[d]);
    const data::Pack pack = data::make_pack(chosen);
    put_pack(walk.forward(pack, {.source = source})[0], pack, members, result);
  }
  // Each value was computed by one rank and is zero on the others, so the sum is exact.
  world.all_reduce(dist::span_of(std::span(result.values)));
  return result;
}

std::vector<double> mean_losses(const TokenLogProbs& log_probs) {
  std::vector<double> losses;
  for (std::size_t d = 0; d + 1 < log_probs.offsets.size(); ++d) {
    const auto values = log_probs.of(static_cast<std::int64_t>(d));
    const double sum = std::accumulate(values.begin(), values.end(), 0.0);
    losses.push_back(values.empty() ? std::numeric_limits<double>::quiet_NaN()
                                    : -sum / static_cast<double>(values.size()));
  }
  return losses;
}

}  // namespace lethe::inference
