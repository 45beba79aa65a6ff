// A set of samples as tokens: tokenised once, memory-mapped, keyed by data, tokenizer, template and options.
// Each rank writes its part; then every rank maps all of them, and knows all lengths without talking.
//
//   const auto key = store_key(file.hash, tokenizer.hash(), options);
//   auto store = TokenStore::open(folder, key);                 // of any earlier world
//   if (!store) { write_part(…, rank, world); barrier(); store = TokenStore::open(folder, key); }
//
// Whether a store is there must be asked before any rank writes and agreed on by all; talking is the
// caller's.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "framework/data/packing.h"
#include "framework/data/sample.h"
#include "framework/data/sample_tokens.h"
#include "framework/data/token_part.h"

namespace lethe::data {

// 32 hexadecimal digits of the data file's hash, the fields that are read from it, and
// SampleTokenizer::hash().
[[nodiscard]] std::string store_key(const std::string& data_hash, const SourceOptions& source,
                                    const std::string& tokenizer_hash);

// Tokenises the samples of part `part` of `num_parts` and writes them. Errors: those of SampleTokenizer with
// the sample's row in front (`sample 31: …`); io.space, io.write.
void write_part(const std::filesystem::path& folder, const std::string& key, std::span<const Sample> samples,
                const SampleTokenizer& tokenizer, std::int64_t part, std::int64_t num_parts);

struct SampleLength {
  std::int64_t tokens = 0, prompt_tokens = 0;
};

class TokenStore {
 public:
  // A complete set of parts of this key, of whatever number of parts. Nothing when there is none; parts that
  // are damaged count as absent, with a warning that says what is wrong with them.
  [[nodiscard]] static std::optional<TokenStore> open(const std::filesystem::path& folder,
                                                      const std::string& key);

  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(places_.size()); }
  [[nodiscard]] Document document(std::int64_t i) const;  // valid while the store lives
  [[nodiscard]] SampleLength length(std::int64_t i) const;
  [[nodiscard]] std::string_view sample_id(std::int64_t i) const;
  [[nodiscard]] const std::vector<std::filesystem::path>& files() const noexcept { return files_; }

 private:
  struct Place {
    std::int32_t part;
    std::int64_t index;
  };
  static std::optional<TokenStore> open_parts(const std::filesystem::path& folder, const std::string& key,
                                              std::int64_t num_parts);
  [[nodiscard]] const TokenPart& part_of(std::int64_t i, std::int64_t& index) const;

  std::vector<TokenPart> parts_;
  std::vector<Place> places_;
  std::vector<std::filesystem::path> files_;
};

// The samples that have a target, in order. Warns data.notarget with the count; errors: data.notarget when
// more than `max_dropped` (a share) have none, or when none is left. `set` names the set in messages, whose
// hint depends on the source's `format`.
[[nodiscard]] std::vector<std::int64_t> samples_with_target(const TokenStore& store, double max_dropped,
                                                            const std::string& set,
                                                            const std::string& format = "qa");

// What a folder of stores holds, for purging. Damaged files are listed without samples and with what is
// wrong.
struct StoredPart {
  std::filesystem::path path;
  std::vector<std::string> sample_ids;
  std::string damage;
};
[[nodiscard]] std::vector<StoredPart> list_stored_parts(const std::filesystem::path& folder);

}  // namespace lethe::data
