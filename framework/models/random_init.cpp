#include "framework/models/random_init.h"

#include <algorithm>

#include "framework/base/random.h"

namespace lethe::models {

void random_weights(const ParameterIndex& index, std::uint64_t seed, std::uint64_t first,
                    std::span<float> out, double standard_deviation) {
  const base::StreamKey key{.seed = seed, .stream = base::Stream::initial_weights};
  for_each_piece(index, first, out.size(), [&](int number, std::uint64_t, std::uint64_t count) {
    const Parameter& parameter = index.parameters()[number];
    const auto part = out.first(count);
    if (parameter.shape.size() == 1) {
      std::ranges::fill(part, parameter.name.ends_with("bias") ? 0.0f : 1.0f);
    } else {
      for (std::size_t i = 0; i < count; ++i)
        part[i] = static_cast<float>(standard_deviation * base::gaussian(key, first + i));
    }
    out = out.subspan(count);
    first += count;
  });
}

}  // namespace lethe::models
