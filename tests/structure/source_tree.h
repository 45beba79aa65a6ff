// What the structure tests see of the project: its files, their includes, the table of layers.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace lethe::structure {

// A file of the project by its path from the root, with forward slashes.
struct SourceFile {
  std::string path;
  std::string text;
};

// Every readable text file below the given folders (or files) of the root, sorted by path; those that are
// absent are left out. Build trees and what git ignores are outside these folders.
[[nodiscard]] std::vector<SourceFile> files_below(const std::vector<std::string>& folders);

// C++ and CUDA files of framework/, kernels/ and launchers/; with tests/ if asked.
[[nodiscard]] std::vector<SourceFile> cpp_files(bool with_tests);

[[nodiscard]] bool ends_with_any(std::string_view path, std::initializer_list<std::string_view> endings);

[[nodiscard]] int line_count(std::string_view text);

// The part a file belongs to: "models" for framework/models/…, "kernels", "launchers"; "" for others.
[[nodiscard]] std::string part_of(std::string_view path);

// Paths in `#include "framework/…"`, `"kernels/…"` and `"launchers/…"`, in order.
[[nodiscard]] std::vector<std::string> own_includes(std::string_view text);

// framework/cmake/layers.txt: part -> parts it may include (its own folder is not listed).
[[nodiscard]] std::map<std::string, std::set<std::string>> layer_table(std::string_view text);

[[nodiscard]] std::string read_file(const std::filesystem::path& path);

[[nodiscard]] std::filesystem::path source_root();

// The value below which a share of the sorted values lies; 0.5 is the median. `values` must not be empty.
[[nodiscard]] int quantile(std::vector<int> values, double share);

}  // namespace lethe::structure
