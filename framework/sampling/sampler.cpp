#include "framework/sampling/sampler.h"

#include <algorithm>
#include <utility>

#include "framework/base/error.h"
#include "framework/sampling/draw.h"

namespace lethe::sampling {
namespace {

void check(const SamplerInputs& in, const Needs& needs) {
  const auto count = static_cast<std::size_t>(in.count);
  LETHE_CHECK(in.count > 0, "a sampler of no sample");
  LETHE_CHECK(!needs.scores || in.scores.size() == count, "{} scores for {} samples", in.scores.size(),
              count);
  LETHE_CHECK(!needs.tokens || in.tokens.size() == count, "{} token counts for {} samples", in.tokens.size(),
              count);
  LETHE_CHECK(!needs.losses || in.losses.size() == count, "{} losses for {} samples", in.losses.size(),
              count);
}

}  // namespace

void Sampler::update(SamplerInputs inputs) {
  check(inputs, needs());
  inputs_ = std::move(inputs);
  fixed_ = weigh();
}

Weights Sampler::weights(std::uint64_t) const { return fixed_; }

std::vector<std::int64_t> Sampler::batch(std::uint64_t step, std::int64_t size) const {
  const DrawKey key{.seed = inputs_.seed, .stream = inputs_.stream, .step = step};
  const Weights now = weights(step);
  return replacement_ ? draw_with_replacement(now.probability, size, key)
                      : draw_without_replacement(now.probability, size, key);
}

bool read_replacement(config::Section& section) {
  bool replacement = false;
  section.optional("replacement", replacement, "may a sample appear twice in one batch");
  return replacement;
}

std::vector<std::string> sampler_names() {
  std::vector<std::string> names;
  for (const Entry& entry : registry()) names.emplace_back(entry.name);
  return names;
}

std::vector<std::string> unscored_sampler_names() {
  std::vector<std::string> names;
  for (const Entry& entry : registry()) {
    const Needs needs = entry.make(config::Section())->needs();
    if (!(needs.scores || needs.tokens || needs.losses || needs.total_steps)) names.emplace_back(entry.name);
  }
  return names;
}

std::unique_ptr<Sampler> make_sampler(config::Section& parent, std::string_view key, std::string fallback,
                                      std::string_view help, const std::vector<std::string>& names) {
  config::Section options = parent.named(key, fallback, names, help);
  const auto entries = registry();
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& e) { return e.name == fallback; });
  LETHE_CHECK(found != entries.end(), "{} is no sampler", fallback);
  return found->make(options);
}

}  // namespace lethe::sampling
