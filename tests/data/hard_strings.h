// Texts on which tokenizers differ: all scripts, joined emoji, controls, runs, contractions, marks. From a
// seed.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace lethe::data::testing {

[[nodiscard]] std::vector<std::string> hard_strings(std::uint64_t seed, int count);

}  // namespace lethe::data::testing
