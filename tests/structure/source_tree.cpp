#include "tests/structure/source_tree.h"

#include <algorithm>
#include <fstream>
#include <iterator>
#include <regex>
#include <sstream>

namespace lethe::structure {
namespace fs = std::filesystem;

fs::path source_root() { return fs::path(LETHE_SOURCE_DIR); }

std::string read_file(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

namespace {

bool is_text(std::string_view text) { return text.find('\0') == std::string_view::npos; }

void add(const fs::path& path, std::vector<SourceFile>& files) {
  std::string text = read_file(path);
  if (is_text(text)) files.push_back({fs::relative(path, source_root()).generic_string(), std::move(text)});
}

}  // namespace

std::vector<SourceFile> files_below(const std::vector<std::string>& folders) {
  std::vector<SourceFile> files;
  for (const auto& folder : folders) {
    const fs::path top = source_root() / folder;
    if (fs::is_regular_file(top)) add(top, files);
    if (!fs::is_directory(top)) continue;
    for (auto it = fs::recursive_directory_iterator(top); it != fs::recursive_directory_iterator(); ++it) {
      if (it->path().filename() == "__pycache__") it.disable_recursion_pending();
      if (it->is_regular_file()) add(it->path(), files);
    }
  }
  std::ranges::sort(files, {}, &SourceFile::path);
  return files;
}

std::vector<SourceFile> cpp_files(bool with_tests) {
  auto files = files_below(with_tests ? std::vector<std::string>{"framework", "kernels", "launchers", "tests"}
                                      : std::vector<std::string>{"framework", "kernels", "launchers"});
  std::erase_if(files, [](const SourceFile& file) {
    return !ends_with_any(file.path, {".h", ".cpp", ".cu", ".cuh"}) ||
           file.path.starts_with("framework/cmake/");
  });
  return files;
}

bool ends_with_any(std::string_view path, std::initializer_list<std::string_view> endings) {
  return std::ranges::any_of(endings, [&](std::string_view ending) { return path.ends_with(ending); });
}

int line_count(std::string_view text) {
  return static_cast<int>(std::ranges::count(text, '\n')) + (text.empty() || text.back() == '\n' ? 0 : 1);
}

std::string part_of(std::string_view path) {
  if (path.starts_with("kernels/")) return "kernels";
  if (path.starts_with("launchers/")) return "launchers";
  constexpr std::string_view framework = "framework/";
  if (!path.starts_with(framework)) return "";
  path.remove_prefix(framework.size());
  return std::string(path.substr(0, path.find('/')));
}

std::vector<std::string> own_includes(std::string_view text) {
  static const std::regex include(
      R"re((?:^|\n)[ \t]*#[ \t]*include[ \t]*"((?:framework|kernels|launchers)/[^"]+)")re");
  const std::string copy(text);
  std::vector<std::string> paths;
  for (std::sregex_iterator it(copy.begin(), copy.end(), include), end; it != end; ++it)
    paths.push_back((*it)[1]);
  return paths;
}

std::map<std::string, std::set<std::string>> layer_table(std::string_view text) {
  std::map<std::string, std::set<std::string>> table;
  std::istringstream lines{std::string(text)};
  for (std::string line; std::getline(lines, line);) {
    const auto colon = line.find(':');
    if (line.starts_with('#') || colon == std::string::npos) continue;
    std::istringstream allowed(line.substr(colon + 1));
    auto& row = table[line.substr(0, colon)];
    for (std::string part; allowed >> part;) row.insert(part);
  }
  return table;
}

int quantile(std::vector<int> values, double share) {
  const auto rank = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::ranges::nth_element(values, values.begin() + rank);
  return values[static_cast<std::size_t>(rank)];
}

}  // namespace lethe::structure
