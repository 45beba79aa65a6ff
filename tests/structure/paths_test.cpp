// Paths that README, docs and the other pages name exist.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <regex>

#include "tests/structure/source_tree.h"

namespace lethe::structure {
namespace {

namespace fs = std::filesystem;

// Paths named on a page: words in backticks that start with a folder of the project, and targets of relative
// links. Patterns (`framework/objectives/<name>.cpp`, `tests/*`) name no single file.
std::vector<std::string> paths_named(const std::string& text) {
  static const std::regex word(
      R"(`((?:framework|kernels|launchers|tests|docs|configs|docker|\.ci)/[^`\s]*))");
  static const std::regex link(R"(\]\(([^)#:\s]+)(?:#[^)]*)?\))");
  std::vector<std::string> found;
  for (const auto& pattern : {word, link}) {
    for (std::sregex_iterator it(text.begin(), text.end(), pattern), end; it != end; ++it) {
      std::string path = (*it)[1];
      path = std::regex_replace(path, std::regex(R"([:.,;]+\d*$)"), "");
      if (path.find_first_of("<>*{}$") == std::string::npos && path.find("…") == std::string::npos)
        found.push_back(path);
    }
  }
  return found;
}

TEST(Paths, ThoseNamedInReadmeAndDocsExist) {
  auto pages = files_below({"README.md", "CHANGELOG.md", "NOTICE", "docs", "configs"});
  std::erase_if(pages, [](const SourceFile& page) { return !ends_with_any(page.path, {".md", "NOTICE"}); });
  ASSERT_FALSE(pages.empty());
  for (const auto& page : pages) {
    const auto here = source_root() / fs::path(page.path).parent_path();
    for (const auto& path : paths_named(page.text))
      EXPECT_TRUE(fs::exists(source_root() / path) || fs::exists(here / path))
          << page.path << " names " << path;
  }
}

TEST(Paths, AreFoundInBackticksAndLinks) {
  EXPECT_THAT(paths_named("see `framework/base/error.h:12`, [the docs](docs/a.md#part), `launchers/build -h`,"
                          " `tests/<part>/x_test.cpp`, [elsewhere](https://example.org/b)"),
              ::testing::ElementsAre("framework/base/error.h", "launchers/build", "docs/a.md"));
}

}  // namespace
}  // namespace lethe::structure
