// `model.path`: a directory, or a hub name found in the local Hugging Face cache. Nothing is downloaded.
#pragma once

#include <filesystem>
#include <string>

namespace lethe::models {

// Errors: model.missing, model.blob.
[[nodiscard]] std::filesystem::path resolve_model_path(const std::string& path);

}  // namespace lethe::models
