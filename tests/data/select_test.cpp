#include "framework/data/select.h"

#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/config/document.h"
#include "framework/data/options.h"

namespace lethe::data {
namespace {

using Places = std::vector<std::int64_t>;
const std::vector<double> kValues = {5, 9, 1, 7, 3, 8, 2, 6};

Places chosen(const std::string& by, const std::string& stratum, std::int64_t count) {
  return select(kValues, {.by = by, .stratum = stratum, .count = count});
}

TEST(Select, EasyIsLargeMrdAndFewTokens) {
  EXPECT_EQ(chosen("mrd", "easy", 2), (Places{1, 5}));
  EXPECT_EQ(chosen("loss", "easy", 2), (Places{1, 5}));
  EXPECT_EQ(chosen("length", "easy", 2), (Places{2, 6}));
}

TEST(Select, HardMiddleAndMatched) {
  EXPECT_EQ(chosen("mrd", "hard", 3), (Places{2, 4, 6}));
  EXPECT_EQ(chosen("mrd", "middle", 2), (Places{0, 7}));
  EXPECT_EQ(chosen("mrd", "matched", 4), (Places{2, 4, 5, 7})) << "every second from easy to hard";
  EXPECT_EQ(chosen("mrd", "matched", 8), (Places{0, 1, 2, 3, 4, 5, 6, 7}));
}

TEST(Select, EqualValuesGoByPlace) {
  EXPECT_EQ(select(std::vector<double>(5, 1.0), {.stratum = "easy", .count = 2}), (Places{0, 1}));
}

TEST(Select, RefusesMoreThanThereAre) {
  try {
    (void)chosen("mrd", "easy", 9);
    FAIL() << "accepted";
  } catch (const Error& error) {
    EXPECT_EQ(error.key(), "config.range");
    EXPECT_EQ(error.message(), "data.forget.select.count: 9 of 8 samples cannot be taken");
  }
}

Options read_yaml(const std::string& select) {
  return read(config::parse("forget: {path: f, " + select + "}\nretain: {path: r}\n", "test.yaml"));
}

TEST(Select, IsReadWithTheForgetSetOnly) {
  EXPECT_FALSE(read_yaml("question_key: q").select);
  const auto options = read_yaml("select: {by: length, stratum: hard, count: 3}").select;
  ASSERT_TRUE(options);
  EXPECT_EQ(options->stratum, "hard");
  EXPECT_THROW(
      (void)read(config::parse("forget: {path: f}\nretain: {path: r, select: {count: 1}}\n", "t.yaml")),
      Error);
}

TEST(Select, NeedsScoresForMrdAndACount) {
  EXPECT_THROW((void)read_yaml("select: {by: mrd, count: 3}"), Error);
  EXPECT_THROW((void)read_yaml("select: {by: length}"), Error);
}

}  // namespace
}  // namespace lethe::data
