#include "framework/training/frozen_model.h"

#include <ATen/ATen.h>

namespace lethe::training {

FrozenRows FrozenModel::run(std::span<const data::Pack> packs, bool distributions, int tap_layer,
                            std::span<const std::int64_t> first) {
  FrozenRows rows;
  (void)walk_.forward(packs, {.statistics = {}, .tap_layer = tap_layer, .normed = distributions});
  for (std::size_t i = 0; i < packs.size(); ++i) rows.taps.push_back(walk_.tap(i));
  if (!distributions) return rows;
  rows.held.emplace(weights_.acquire(model_.segment_of(model_.head)));
  for (std::size_t i = 0; i < packs.size(); ++i)
    rows.references.push_back(
        {.normed = walk_.normed(i), .weight = weights_.slot(model_.head), .first = first[i]});
  return rows;
}

}  // namespace lethe::training
