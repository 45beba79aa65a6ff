// What caches hold of the samples that a purge removes.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "framework/run/purge.h"
#include "framework/run/trace_search.h"

namespace lethe::run {

// The files of a shared cache that must go. Errors: run.missing if the folder is not there.
[[nodiscard]] std::vector<HeldFile> held_by_cache(const std::filesystem::path& folder,
                                                  const std::set<std::string>& sample_ids);

// How many of the samples a file of the run's own cache holds; all of them where that cannot be read from the
// file.
[[nodiscard]] std::uint64_t num_held(const std::filesystem::path& file,
                                     const std::set<std::string>& sample_ids);

// The tokens of these samples in a folder of caches, for a search afterwards. A damaged store gives none.
void gather_tokens(const std::filesystem::path& folder, const std::set<std::string>& sample_ids,
                   TraceSearch& traces);

}  // namespace lethe::run
