// Which samples a pass is asked for.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "framework/data/packing.h"

namespace lethe::scoring {

// The samples named, or 0 … count - 1 where none is.
[[nodiscard]] std::vector<std::int64_t> named_or_all(std::span<const std::int64_t> named, std::size_t count);
[[nodiscard]] std::vector<data::Document> documents_of(std::span<const data::Document> documents,
                                                       std::span<const std::int64_t> samples);

}  // namespace lethe::scoring
