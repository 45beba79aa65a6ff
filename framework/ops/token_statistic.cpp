#include "framework/ops/token_statistic.h"

#include <algorithm>

#include "framework/base/error.h"

namespace lethe::ops {

std::unique_ptr<TokenStatistic> make_token_statistic(std::string_view name) {
  for (const Entry& entry : registry()) {
    if (entry.name == name) return entry.make();
  }
  LETHE_CHECK(false, "there is no token statistic `{}`", name);
}

ChunkTensors held_by(std::span<const std::string> names) {
  ChunkTensors most{.forward = 0, .backward = 0};
  for (const std::string& name : names) {
    const auto statistic = make_token_statistic(name);
    most.forward = std::max(most.forward, statistic->holds().forward);
    most.backward = std::max(most.backward, statistic->holds().backward);
    most.reference |= statistic->needs_reference_logits();
  }
  return most;
}

}  // namespace lethe::ops
