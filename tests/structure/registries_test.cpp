// Every method of a registry has a test file of its own name, and every header is compiled alone somewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>
#include <sstream>

#include "tests/structure/source_tree.h"

namespace lethe::structure {
namespace {

namespace fs = std::filesystem;

struct Registry {
  std::string part;
  std::string folder;              // from the root
  std::set<std::string> excluded;  // stems
};

// The calls of lethe_registry in one CMakeLists.txt of framework/<part>/.
std::vector<Registry> registries_in(const SourceFile& file) {
  static const std::regex call(R"(lethe_registry\(\s*([^)]*)\))");
  std::vector<Registry> found;
  for (std::sregex_iterator it(file.text.begin(), file.text.end(), call), end; it != end; ++it) {
    std::istringstream words((*it)[1].str());
    Registry registry;
    words >> registry.part;
    const auto here = fs::path(file.path).parent_path().generic_string();
    registry.folder = here;
    std::string keyword;
    for (std::string word; words >> word;) {
      if (word == "DIR" || word == "HEADER" || word == "NAMESPACE" || word == "EXCLUDE")
        keyword = word;
      else if (keyword == "EXCLUDE")
        registry.excluded.insert(word);
      else if (keyword == "DIR")
        registry.folder = word;
    }
    registry.folder = std::regex_replace(registry.folder, std::regex("\"|\\$\\{PROJECT_SOURCE_DIR\\}/?"), "");
    registry.folder =
        std::regex_replace(registry.folder, std::regex(R"(\$\{CMAKE_CURRENT_(SOURCE|LIST)_DIR\})"), here);
    if (!fs::is_directory(source_root() / registry.folder)) registry.folder = here + "/" + registry.folder;
    found.push_back(registry);
  }
  return found;
}

std::vector<Registry> all_registries() {
  std::vector<Registry> all;
  for (const auto& file : files_below({"framework"})) {
    if (!file.path.ends_with("/CMakeLists.txt")) continue;
    for (auto& registry : registries_in(file)) all.push_back(registry);
  }
  return all;
}

std::set<std::string> test_files_below(const std::string& part) {
  std::set<std::string> names;
  for (const auto& file : files_below({"tests/" + part}))
    names.insert(fs::path(file.path).filename().string());
  return names;
}

// "folder/stem.cpp" of each entry of a registry without tests/<part>/…/<stem>_test.cpp.
std::vector<std::string> untested_entries(const Registry& registry) {
  std::vector<std::string> untested;
  const auto tests = test_files_below(registry.part);
  for (const auto& entry : fs::directory_iterator(source_root() / registry.folder)) {
    const auto stem = entry.path().stem().string();
    if (entry.path().extension() != ".cpp" || registry.excluded.contains(stem)) continue;
    if (!tests.contains(stem + "_test.cpp")) untested.push_back(registry.folder + "/" + stem + ".cpp");
  }
  return untested;
}

TEST(Registries, EveryEntryHasATestFileOfItsName) {
  const auto registries = all_registries();
  ASSERT_FALSE(registries.empty());
  for (const auto& registry : registries) {
    ASSERT_TRUE(fs::is_directory(source_root() / registry.folder)) << registry.folder;
    EXPECT_THAT(untested_entries(registry), ::testing::IsEmpty())
        << "each needs a <name>_test.cpp below tests/" << registry.part;
  }
}

TEST(Registries, ACallIsReadFromCMake) {
  const auto found =
      registries_in({"framework/optim/CMakeLists.txt",
                     "lethe_registry(optim DIR \"${CMAKE_CURRENT_SOURCE_DIR}/optimizers\"\n  HEADER a/b.h "
                     "NAMESPACE lethe::optim EXCLUDE registry)\n"});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].part, "optim");
  EXPECT_THAT(found[0].folder, ::testing::EndsWith("framework/optim/optimizers"));
  EXPECT_THAT(found[0].excluded, ::testing::ElementsAre("registry"));
}

TEST(Headers, EveryHeaderIsCompiledAlone) {
  std::istringstream lines(read_file(fs::path(LETHE_BINARY_DIR) / "lone_headers/list.txt"));
  std::set<std::string> listed;
  for (std::string line; std::getline(lines, line);) listed.insert(line);
  for (const auto& file : cpp_files(false)) {
    if (!file.path.ends_with(".h") || file.path.starts_with("kernels/detail/")) continue;
    EXPECT_TRUE(listed.contains(file.path)) << file.path << " is not in the target `headers`";
  }
}

TEST(Headers, EveryHeaderHasAPragmaOnce) {
  for (const auto& file : cpp_files(true)) {
    if (!file.path.ends_with(".h")) continue;
    EXPECT_THAT(file.text, ::testing::HasSubstr("#pragma once")) << file.path;
  }
}

}  // namespace
}  // namespace lethe::structure
