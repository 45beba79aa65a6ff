// The files of a model directory beside its weights: configuration, tokenizer, templates, licence.
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "framework/models/hf_config.h"

namespace lethe::models {

// Into `folder`, from `source`, or a config.json made from `config` where there is none. A config.json that
// is copied keeps every key, known or not; only the dtype that it states is set to `torch_dtype`, if that is
// not empty. Python code and pickles are never copied. Errors: io.write, io.space, those of read_hf_config().
void write_companions(const std::optional<std::filesystem::path>& source, const HfConfig& config,
                      std::string_view torch_dtype, const std::filesystem::path& folder);

// The tokenizer's files of `from` in place of those in `folder`: none of another tokenizer stays beside them.
// Errors: io.write.
void replace_tokenizer(const std::filesystem::path& from, const std::filesystem::path& folder);

// Refuses a target that is there and is no earlier export: it must not be the source, and nothing but what an
// export writes may be in it. Errors: out.exists.
void require_replaceable(const std::filesystem::path& target,
                         const std::optional<std::filesystem::path>& source);

// Puts `written` in the place of `target`, which may be an earlier export. Errors: io.write, out.permission.
void replace_folder(const std::filesystem::path& written, const std::filesystem::path& target);

}  // namespace lethe::models
