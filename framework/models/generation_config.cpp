#include "framework/models/generation_config.h"

#include "framework/models/config_reader.h"
#include "framework/models/mapped_file.h"
#include "framework/models/strict_json.h"

namespace lethe::models {
namespace {

std::optional<std::int64_t> first_of(const std::vector<std::int64_t>& ids) {
  return ids.empty() ? std::nullopt : std::optional(ids.front());
}

}  // namespace

GenerationConfig read_generation_config(const std::filesystem::path& directory) {
  const auto file = directory / "generation_config.json";
  std::error_code ignored;
  if (std::filesystem::symlink_status(file, ignored).type() == std::filesystem::file_type::not_found)
    return {};
  require_readable(file, "model.config", "generation_config.json is not a file");
  const nlohmann::json json = read_strict_json(file, "model.config.json", 4 << 20);
  const ConfigReader reader(json, "generation_config.json");
  return {.eos_token_ids = reader.token_ids("eos_token_id"),
          .bos_token_id = first_of(reader.token_ids("bos_token_id")),
          .pad_token_id = first_of(reader.token_ids("pad_token_id")),
          .repetition_penalty = reader.positive_or("repetition_penalty", 1)};
}

}  // namespace lethe::models
