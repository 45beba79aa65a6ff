// Where a model is: a directory, or a hub name whose snapshot lies in the local Hugging Face cache. Nothing
// is downloaded.
#pragma once

#include <filesystem>
#include <string>

namespace lethe::models {

// HF_HUB_CACHE, else HUGGINGFACE_HUB_CACHE (its older name), else HF_HOME/hub, else
// XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub, as huggingface_hub.
[[nodiscard]] std::filesystem::path hub_cache_folder();

// `model` is a directory, or "org/name" (or "name") with models--org--name in the cache: the snapshot of
// refs/main, or without that file the only one. Errors: model.missing (also: several, and none is main).
[[nodiscard]] std::filesystem::path resolve_model_path(
    const std::string& model, const std::filesystem::path& cache = hub_cache_folder());

}  // namespace lethe::models
