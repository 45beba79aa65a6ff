// What all ranks must see alike before they work on it together: a configuration, a model, a data set. They
// may differ where nodes hold copies of their own, or where one is replaced while a run starts.
#pragma once

#include <cstdint>
#include <string>

#include "framework/dist/process_group.h"

namespace lethe::run {

// Collective. `hash`: 32 digits, of what this rank sees. Where one differs from rank 0's, every rank throws
// `error_key`: "rank 3 sees another <what> (hash a1b2… ≠ c3d4…)".
void require_same_on_ranks(dist::ProcessGroup& world, const std::string& hash, const std::string& error_key,
                           const std::string& what, const std::string& hint);

// "lethe 0.1.0 (a6c7fb8), LibTorch 2.11.0"
[[nodiscard]] std::string build_text();

// Collective. Where a rank runs another build than rank 0 (an old binary left on one node), every rank throws
// `dist.version`.
void require_same_build(dist::ProcessGroup& world, const std::string& own = build_text());

// warning[config.batch] where a batch has fewer samples than the world has ranks: such a rank still joins
// every collective, but computes nothing.
void warn_of_idle_ranks(std::int64_t batch, int world_size);

}  // namespace lethe::run
