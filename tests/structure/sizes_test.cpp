// Files and functions stay short enough to be read at once.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/structure/function_lengths.h"
#include "tests/structure/source_tree.h"

namespace lethe::structure {
namespace {

constexpr int kLongestFile = 400, kMedianFile = 90, kMedianFunction = 6, kNinthDecileFunction = 30;

TEST(Sizes, NoFileIsLongerThanFourHundredLines) {
  for (const auto& file : cpp_files(true)) EXPECT_LE(line_count(file.text), kLongestFile) << file.path;
}

TEST(Sizes, TheMedianFileHasAtMostNinetyLines) {
  std::vector<int> lines;
  for (const auto& file : cpp_files(false)) lines.push_back(line_count(file.text));
  ASSERT_FALSE(lines.empty());
  EXPECT_LE(quantile(lines, 0.5), kMedianFile);
}

// The longest functions, for the message of a failure.
std::string longest(std::vector<std::pair<int, std::string>> functions) {
  std::ranges::sort(functions, std::greater<>());
  functions.resize(std::min<std::size_t>(functions.size(), 12));
  return ::testing::PrintToString(functions);
}

TEST(Sizes, HalfTheFunctionsHaveSixLinesAndNineInTenThirty) {
  std::vector<std::pair<int, std::string>> functions;
  std::vector<int> lines;
  for (const auto& file : cpp_files(false)) {
    for (const auto& function : functions_of(file.text)) {
      functions.emplace_back(function.lines,
                             file.path + ":" + std::to_string(function.first_line) + " " + function.head);
      lines.push_back(function.lines);
    }
  }
  ASSERT_GT(lines.size(), 50U);
  EXPECT_LE(quantile(lines, 0.5), kMedianFunction) << longest(functions);
  EXPECT_LE(quantile(lines, 0.9), kNinthDecileFunction) << longest(functions);
  RecordProperty("functions", static_cast<int>(lines.size()));
  RecordProperty("median_lines", quantile(lines, 0.5));
  RecordProperty("ninth_decile_lines", quantile(lines, 0.9));
}

TEST(FunctionLengths, CountsBodiesOfFreeAndMemberFunctions) {
  const auto found = functions_of(R"source(
namespace a {
struct S {
  int x() const { return 1; }
  S() : y_{2}, z_(3) {
    y_ = 4;
  }
  int y_ = 0, z_ = {};
};
#define TWICE(x) \
  do { x; x; } while (0)
template <class T>
auto f(T value, std::vector<int> list = {}) -> decltype(value) {
  for (int i : list) {
    if (i == '{') return value;  // a brace in a comment: }
  }
  const auto lambda = [&] { return "}"; };
  return value;
}
std::vector<int> table = {1, 2};
enum class E { kOne };
}  // namespace a
)source");
  ASSERT_EQ(found.size(), 3U) << ::testing::PrintToString(found.size());
  EXPECT_EQ(found[0].lines, 1);
  EXPECT_EQ(found[1].lines, 3);
  EXPECT_EQ(found[2].lines, 7);
  EXPECT_THAT(found[2].head, ::testing::HasSubstr("auto f("));
}

}  // namespace
}  // namespace lethe::structure
