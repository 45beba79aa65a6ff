#include "framework/data/alternates.h"

#include <algorithm>

#include "framework/base/error.h"
#include "framework/base/hash.h"
#include "framework/base/random.h"
#include "framework/data/data_file.h"

namespace lethe::data {
namespace {

std::string_view stripped(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const auto first = text.find_first_not_of(kBlank);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlank) - first + 1);
}

// A place in the file for each id, spread by the id itself.
std::uint64_t number_of(const std::string& id) { return std::stoull(id.substr(0, 15), nullptr, 16); }

void add(SampleFile& file, const Sample& original, std::string answer) {
  file.samples.push_back(with_answer(original, std::move(answer)));
}

// Behind a prefix a refusal stands as the sample's own text does.
std::string refusal_for(const Sample& sample, const std::string& line) {
  return is_completion(sample) && sample.answer.starts_with(' ') ? " " + line : line;
}

// Stores of completions' alternates once held them as answers to questions; their key must differ.
void add_format(base::Hasher& hasher, std::span<const Sample> samples) {
  if (!samples.empty() && is_completion(samples.front())) hasher.add("as completions");
}

}  // namespace

Refusals read_refusals(const std::string& path) {
  const std::string content = read_data_file(path, "alternate");
  Refusals refusals{.lines = {}, .hash = base::hash_text(content)};
  for (const Line& line : lines_of(content, path))
    if (const auto text = stripped(line.text); !text.empty()) refusals.lines.emplace_back(text);
  if (refusals.lines.empty()) fail("data.empty", fmt::format("{} has no lines", path));
  return refusals;
}

Alternates draw_refusals(std::span<const Sample> samples, const std::string& samples_hash,
                         const Refusals& refusals, std::int64_t variants, std::uint64_t seed) {
  Alternates alternates{.per_sample = variants};
  const std::uint64_t count = refusals.lines.size();
  for (const Sample& sample : samples) {
    std::vector<std::uint64_t> order(count);
    for (std::uint64_t i = 0; i < count; ++i) order[i] = i;
    for (std::int64_t v = 0; v < variants; ++v) {
      const std::uint64_t at = static_cast<std::uint64_t>(v) % count;  // a partial shuffle of the lines
      const auto words = base::random_words({.seed = seed,
                                             .stream = base::Stream::alternates,
                                             .draw = static_cast<std::uint32_t>(v),
                                             .refresh = 1},
                                            number_of(sample.id));
      std::swap(order[at], order[at + words[0] % (count - at)]);
      add(alternates.file, sample, refusal_for(sample, refusals.lines[order[at]]));
    }
  }
  base::Hasher hasher;
  hasher.add(samples_hash).add(refusals.hash).add(std::to_string(variants)).add(std::to_string(seed));
  add_format(hasher, samples);
  alternates.file.hash = hasher.hex();
  return alternates;
}

Alternates own_alternates(std::span<const Sample> samples, const std::string& samples_hash,
                          const SourceOptions& source) {
  Alternates alternates;
  for (const Sample& sample : samples) {
    if (sample.alternate_answers.empty())
      fail("data.column",
           fmt::format("{}: row {} has no \"{}\", another answer to its question", source.path,
                       sample.row + 1, source.alternate_key),
           "or name a file of refusals, one a line: data.alternate.path");
    alternates.per_sample =
        std::max(alternates.per_sample, static_cast<std::int64_t>(sample.alternate_answers.size()));
  }
  for (const Sample& sample : samples)
    for (std::int64_t v = 0; v < alternates.per_sample; ++v)
      add(alternates.file, sample, sample.alternate_answers[v % sample.alternate_answers.size()]);
  base::Hasher hasher;
  hasher.add(samples_hash).add("alternates").add(source.alternate_key);
  add_format(hasher, samples);
  alternates.file.hash = hasher.hex();
  return alternates;
}

Alternates read_alternates(const AlternateOptions& options, std::span<const Sample> samples,
                           const std::string& samples_hash, const SourceOptions& source, std::uint64_t seed) {
  return options.path.empty()
             ? own_alternates(samples, samples_hash, source)
             : draw_refusals(samples, samples_hash, read_refusals(options.path), options.variants, seed);
}

}  // namespace lethe::data
