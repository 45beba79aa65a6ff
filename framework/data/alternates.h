// Other answers to the questions of a set: refusals from a file, or the rows' own.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "framework/data/jsonl_reader.h"

namespace lethe::data {

// The non-blank lines of a plain text file, without blanks around them. Errors: those of read_data_file,
// data.empty.
struct Refusals {
  std::vector<std::string> lines;
  std::string hash;  // of the file
};
[[nodiscard]] Refusals read_refusals(const std::string& path);

struct Alternates {
  std::int64_t per_sample = 1;
  // Of sample i: samples i * per_sample …; each is what the original is (a completion stays one) and carries
  // its id, so that a purge of it finds them.
  SampleFile file;
};

// `variants` refusals for each sample, drawn from the file without repeating one of a sample while there are
// others: a function of (seed, sample id). Behind the prefix of a completion a refusal stands after a space
// where the sample's own text does.
[[nodiscard]] Alternates draw_refusals(std::span<const Sample> samples, const std::string& samples_hash,
                                       const Refusals& refusals, std::int64_t variants, std::uint64_t seed);

// The rows' own; a row with fewer than the most repeats its own in turn. Errors: data.column names the first
// row without any.
[[nodiscard]] Alternates own_alternates(std::span<const Sample> samples, const std::string& samples_hash,
                                        const SourceOptions& source);

// What `options` ask for: refusals from their file where they name one, else the rows' own. samples_hash: key
// of the samples' store. seed: the run's.
[[nodiscard]] Alternates read_alternates(const AlternateOptions& options, std::span<const Sample> samples,
                                         const std::string& samples_hash, const SourceOptions& source,
                                         std::uint64_t seed);

}  // namespace lethe::data
