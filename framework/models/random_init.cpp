#include "framework/models/random_init.h"

#include <algorithm>

#include "framework/base/random.h"
#include "framework/models/loader.h"

namespace lethe::models {

void random_weights(const ParameterIndex& index, std::uint64_t seed, std::uint64_t first, std::span<float> out) {
  const base::StreamKey key{.seed = seed, .stream = base::Stream::initial_weights};
  for_each_piece(index, first, out.size(), [&](int number, std::uint64_t, std::uint64_t count) {
    const Parameter& parameter = index.parameters()[number];
    if (parameter.shape.size() == 1) std::fill_n(out.begin(), count, parameter.name.ends_with("bias") ? 0.0f : 1.0f);
    else for (std::uint64_t i = 0; i < count; ++i) out[i] = static_cast<float>(0.02 * base::gaussian(key, first + i));
    out = out.subspan(count);
    first += count;
  });
}

}  // namespace lethe::models
