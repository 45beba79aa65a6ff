// What must not stand in the project: paths of one machine, and words that mark unfinished work.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "tests/structure/source_tree.h"

namespace lethe::structure {
namespace {

std::vector<SourceFile> every_file() {
  return files_below({"framework", "kernels", "launchers", "tests", "configs", "docs", "docker", ".ci",
                      "README.md", "CMakeLists.txt", "CMakePresets.json", "CHANGELOG.md", "NOTICE",
                      "CITATION.cff", ".clang-tidy"});
}

// "path:line: text" for each line that the pattern matches.
std::vector<std::string> lines_with(const std::regex& pattern, const std::vector<SourceFile>& files) {
  std::vector<std::string> found;
  for (const auto& file : files) {
    std::istringstream lines(file.text);
    std::string line;
    for (int number = 1; std::getline(lines, line); ++number)
      if (std::regex_search(line, pattern))
        found.push_back(file.path + ":" + std::to_string(number) + ": " + line);
  }
  return found;
}

// Written in pieces, so that this file does not contain them.
std::regex machine_paths() {
  return std::regex(
      "(^|[^\\w./-])/("
      "work|"
      "root|"
      "home|"
      "Users)/\\w");
}
std::regex stub_words() {
  return std::regex(
      "\\b(TO"
      "DO|FIX"
      "ME|XX"
      "X|HA"
      "CK)\\b|not (yet )?imple"
      "mented",
      std::regex::icase);
}

TEST(Words, NoFileNamesAPathOfOneMachine) {
  auto files = every_file();
  ASSERT_GT(files.size(), 30U);
  EXPECT_THAT(lines_with(machine_paths(), files), ::testing::IsEmpty());
}

TEST(Words, NoCodeOrPageIsMarkedUnfinished) {
  auto files = every_file();
  // Recorded texts and data may say what they like.
  std::erase_if(files, [](const SourceFile& file) {
    return file.path.starts_with("tests/golden/") || ends_with_any(file.path, {".json", ".jsonl", ".txt"});
  });
  EXPECT_THAT(lines_with(stub_words(), files), ::testing::IsEmpty());
}

TEST(Words, ThePatternsFindWhatTheyAreFor) {
  const SourceFile bad{"a.cpp",
                       "// TO"
                       "DO later\nopen(\"/ho"
                       "me/me/x\");\n"};
  EXPECT_THAT(lines_with(stub_words(), {bad}), ::testing::SizeIs(1));
  EXPECT_THAT(lines_with(machine_paths(), {bad}), ::testing::SizeIs(1));
  EXPECT_THAT(lines_with(machine_paths(), {{"b.md", "framework/home/x https://a.b/root/c\n"}}),
              ::testing::IsEmpty());
}

}  // namespace
}  // namespace lethe::structure
