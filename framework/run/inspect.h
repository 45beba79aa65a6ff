// `lethe inspect DIR`: what a directory of a model, a checkpoint or a run holds, from its own files.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace lethe::run {

struct Inspection {
  std::string kind;                                        // model, checkpoint, run
  std::vector<std::pair<std::string, std::string>> facts;  // in the order to show
};

// Reads, changes nothing; weights are looked at by their headers only. Errors: run.missing (none of the
// three), and those of a model's or a run's files.
[[nodiscard]] Inspection inspect(const std::filesystem::path& folder);

[[nodiscard]] std::string inspection_text(const std::filesystem::path& folder, const Inspection& found);
[[nodiscard]] std::string inspection_json(const std::filesystem::path& folder, const Inspection& found);

}  // namespace lethe::run
