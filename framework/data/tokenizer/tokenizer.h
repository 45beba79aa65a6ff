// The tokenizer of a Hugging Face model directory: tokenizer.json as the `tokenizers` package reads it,
// byte-pair models only. What the file asks for and lethe does not do is refused by name when the file is
// read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "framework/data/tokenizer/special_tokens.h"

namespace lethe::data {

class Tokenizer {
 public:
  // Errors: tokenizer.format (no tokenizer.json), model.blob, model.permission, tokenizer.json,
  // tokenizer.component, tokenizer.merge, tokenizer.id, tokenizer.regex, tokenizer.special.
  [[nodiscard]] static Tokenizer load(const std::filesystem::path& directory,
                                      const SpecialTokenNames& names = {});

  Tokenizer(Tokenizer&&) noexcept;
  Tokenizer& operator=(Tokenizer&&) noexcept;
  ~Tokenizer();

  // `add_special_tokens`: also what the post-processor puts around a text (a BOS, mostly). Special tokens
  // inside `text` are always recognised. Safe to call from several threads. Errors: tokenizer.encoding when
  // `text` is not UTF-8, tokenizer.regex when the match limit is reached.
  [[nodiscard]] std::vector<std::int32_t> encode(std::string_view text, bool add_special_tokens = true) const;

  // Ids of no token give nothing. Bytes that make no character become U+FFFD.
  [[nodiscard]] std::string decode(std::span<const std::int32_t> ids, bool skip_special_tokens) const;

  [[nodiscard]] std::optional<std::int32_t> token_id(std::string_view token) const;
  [[nodiscard]] std::string token(
      std::int32_t id) const;                     // as the vocabulary writes it; empty for an id of no token
  [[nodiscard]] std::int64_t vocab_size() const;  // with added tokens

  [[nodiscard]] const SpecialTokens& special_tokens() const;
  [[nodiscard]] std::int32_t eos_id() const;  // errors: tokenizer.special when none is set
  [[nodiscard]] std::int32_t pad_id() const;  // the pad token, or eos when there is none

  // Of tokenizer.json and the special tokens: equal hashes encode equally.
  [[nodiscard]] const std::string& hash() const;

 private:
  struct Parts;
  explicit Tokenizer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace lethe::data
