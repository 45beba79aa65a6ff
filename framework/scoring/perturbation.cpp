#include "framework/scoring/perturbation.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/random.h"
#include "framework/base/text.h"
#include "framework/ops/perturb.h"

namespace lethe::scoring {
namespace {

bool is_pattern(const std::string& scope) { return scope.find_first_of("*?[") != std::string::npos; }

bool in_scope(const models::Parameter& parameter, const std::string& scope) {
  if (scope == "all") return true;
  if (scope == "norms") return parameter.name.find("norm") != std::string::npos;
  if (is_pattern(scope)) return base::matches_pattern(scope, parameter.name);
  return parameter.name.find(scope) != std::string::npos;
}

}  // namespace

std::vector<bool> moved_parameters(const models::ParameterIndex& index, const std::string& scope) {
  std::vector<bool> moves;
  for (const models::Parameter& p : index.parameters()) moves.push_back(in_scope(p, scope));
  if (std::ranges::count(moves, true) == 0)
    fail("config.range",
         fmt::format("score.scope: no parameter's name {} `{}`", is_pattern(scope) ? "is like" : "contains",
                     scope),
         "use all, norms, a part of a parameter's name, or a pattern of whole names as in train.trainable");
  return moves;
}

PerturbedWeights::PerturbedWeights(const models::ParameterIndex& index, Noise noise,
                                   Perturbation perturbation)
    : noise_(std::move(noise)), perturbation_(perturbation) {
  const std::vector<bool> moves = moved_parameters(index, noise_.scope);
  for (std::size_t i = 0; i < moves.size(); ++i) {
    if (!moves[i]) continue;
    const models::Parameter& p = index.parameters()[i];
    if (!moved_.empty() && moved_.back().second == p.first)
      moved_.back().second += p.count;
    else
      moved_.emplace_back(p.first, p.first + p.count);
  }
}

void PerturbedWeights::write(const sharding::ShardPart& part, const at::Tensor& master,
                             at::Tensor& out) const {
  at::Tensor noisy = out.scalar_type() == master.scalar_type() ? out : at::empty_like(master);
  noisy.copy_(master);
  const bool signs = noise_.distribution == Distribution::rademacher;
  const base::StreamKey key{.seed = noise_.seed,
                            .stream = signs ? base::Stream::rademacher : base::Stream::gaussian,
                            .draw = perturbation_.draw,
                            .refresh = noise_.refresh};
  for (const auto& [first, end] : moved_) {
    const std::uint64_t begin = std::max(first, part.first), stop = std::min(end, part.first + part.valid);
    if (begin >= stop) continue;
    const auto cut = [&](const at::Tensor& x) {
      return x.narrow(0, static_cast<std::int64_t>(begin - part.first),
                      static_cast<std::int64_t>(stop - begin));
    };
    ops::add_noise(cut(master), cut(noisy), begin, key, perturbation_.sigma * perturbation_.sign);
  }
  if (!noisy.is_same(out)) out.copy_(noisy);
}

}  // namespace lethe::scoring
