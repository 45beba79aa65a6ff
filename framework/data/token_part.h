// One file of a token store: the tokens of a range of samples. Layout, little endian:
//
//   header      TokenPartHeader, 128 bytes; `content_hash` covers the header before it and everything behind
//   it offsets     u64 [samples + 1], into ids prompts     i64 [samples], prompt tokens sample ids  char
//   [samples][32] ids         i32 [tokens]
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/data/mapped_file.h"
#include "framework/data/sample_tokens.h"

namespace lethe::data {

struct TokenPartHeader {
  char magic[8];
  std::uint32_t version, part, num_parts, reserved;
  std::uint64_t first_sample, num_samples, all_samples, num_tokens;  // of this part, but all_samples
  char key[32];
  char content_hash[32];
  char padding[8];
};
static_assert(sizeof(TokenPartHeader) == 128);

// Where part `part` of `num_parts` begins among `all` samples; part `num_parts` begins at `all`.
[[nodiscard]] std::int64_t part_begin(std::int64_t all, std::int64_t part, std::int64_t num_parts);

[[nodiscard]] std::filesystem::path part_path(const std::filesystem::path& folder, std::string_view key,
                                              std::int64_t part, std::int64_t num_parts);

// What a part is about to hold. `samples` and `sample_ids` have the part's length.
struct TokenPartContent {
  std::string key;  // 32 characters
  std::int64_t part = 0, num_parts = 1, all_samples = 0;
  std::span<const TokenizedSample> samples;
  std::span<const std::string> sample_ids;
};

// Complete or absent. Errors: io.space, io.write, out.permission.
void write_token_part(const std::filesystem::path& folder, const TokenPartContent& content);

// A part that was checked whole: sizes, order of offsets, prompt lengths, hash. Views into the mapping.
class TokenPart {
 public:
  // Errors: data.store names what is wrong with the file.
  explicit TokenPart(MappedFile file, const std::string& name);

  [[nodiscard]] const TokenPartHeader& header() const noexcept { return *header_; }
  [[nodiscard]] std::int64_t size() const noexcept { return static_cast<std::int64_t>(header_->num_samples); }
  [[nodiscard]] std::span<const std::int32_t> ids(std::int64_t i) const;
  [[nodiscard]] std::int64_t num_tokens(std::int64_t i) const;
  [[nodiscard]] std::int64_t prompt_tokens(std::int64_t i) const;
  [[nodiscard]] std::string_view sample_id(std::int64_t i) const;

 private:
  void check(const std::string& name) const;

  MappedFile file_;
  const TokenPartHeader* header_ = nullptr;
  std::span<const std::uint64_t> offsets_;
  std::span<const std::int64_t> prompts_;
  const char* sample_ids_ = nullptr;
  std::span<const std::int32_t> ids_;
};

}  // namespace lethe::data
