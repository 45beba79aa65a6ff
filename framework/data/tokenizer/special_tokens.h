// Which tokens begin a text, end it and pad it, as the files beside tokenizer.json say.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::data {

// Texts given by the user; they win over the model directory.
struct SpecialTokenNames {
  std::optional<std::string> bos_token = {}, eos_token = {}, pad_token = {};
};

struct SpecialTokens {
  std::optional<std::int32_t> bos_id, eos_id, pad_id;
  std::string bos_token, eos_token, pad_token;  // empty where the id is absent
  std::vector<std::int32_t> stop_ids;           // any of them ends a generation; eos_id is among them
};

// From `names`, then tokenizer_config.json, then special_tokens_map.json; eos also from
// generation_config.json, whose eos_token_id (one or several) also stops a generation. Files that are absent
// say nothing. Errors: tokenizer.special when a named token is not in the vocabulary; tokenizer.json when a
// file is malformed.
[[nodiscard]] SpecialTokens read_special_tokens(
    const std::filesystem::path& directory, const SpecialTokenNames& names,
    const std::function<std::optional<std::int32_t>(std::string_view)>& id_of,
    const std::function<std::string(std::int32_t)>& token_of);

// transformers adds the tokens of tokenizer_config.json's `added_tokens_decoder` that tokenizer.json leaves
// out; lethe reads tokenizer.json only. `added_id_of` knows its added tokens. Errors: tokenizer.id for one
// that is not there or has another id.
void refuse_tokens_left_out(const std::filesystem::path& directory,
                            const std::function<std::optional<std::int32_t>(std::string_view)>& added_id_of);

}  // namespace lethe::data
