// The JSON of a safetensors header, read event by event: memory stays near the size of the text, whatever the
// text says.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "framework/models/safetensors_header.h"

namespace lethe::models {

// Checks form only (JSON, fields, types, names, dtypes); parse_safetensors_header() checks what the numbers
// say. Errors: safetensors.json, safetensors.dtype.
[[nodiscard]] std::vector<StoredTensor> read_safetensors_json(std::string_view json, const std::string& file);

}  // namespace lethe::models
