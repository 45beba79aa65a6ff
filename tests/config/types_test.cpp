// Typed reads: what an integer, a number, a boolean, a text and a list may look like.
#include <limits>

#include "tests/config/refusal.h"

namespace lethe::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

class NotAnInteger : public testing::TestWithParam<std::string> {};
TEST_P(NotAnInteger, IsATypeErrorAtItsPlace) {
  EXPECT_THAT(read_refusal<std::int64_t>(GetParam()), StartsWith("config.type: conf.yaml:2:6: train.x: "));
  EXPECT_THAT(read_refusal<std::int64_t>(GetParam()), HasSubstr(" is not an integer"));
  EXPECT_THAT(read_refusal<std::uint64_t>(GetParam()), HasSubstr(" is not an integer"));
}
INSTANTIATE_TEST_SUITE_P(Spellings, NotAnInteger,
                         testing::Values("eight", "\"eight\"", "\"8\"", "'8'", "0x10", "0o17", "010", "-010",
                                         "1e3", "8.0", "8.5", "1_000", "\"1,000\"", "1 000", "8k", "true",
                                         "~", "[8]", "{a: 8}", ".inf", "+", "--8", "٣", "8\u00a0"));

TEST(Integers, MessageOfTheCatalogue) {
  const std::string yaml = "model:\n  path: x\n\n\ntrain:\n  batch: \"eight\"\n";
  EXPECT_EQ(refusal([&] {
              std::int64_t batch = 1;
              parse(yaml, "conf.yaml").section("train", "").optional("batch", batch, "");
            }),
            "config.type: conf.yaml:6:10: train.batch: \"eight\" is not an integer");
}

TEST(Integers, ExtremesAreExact) {
  EXPECT_EQ(read_value<std::int64_t>("-9223372036854775808"), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(read_value<std::int64_t>("9223372036854775807"), std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(read_value<std::uint64_t>("18446744073709551615"), std::numeric_limits<std::uint64_t>::max());
  EXPECT_EQ(read_value<std::int64_t>("+7"), 7);
  EXPECT_EQ(read_value<std::uint64_t>("-0"), 0u);
}

TEST(Integers, OverflowIsARangeErrorThatShowsTheValue) {
  EXPECT_EQ(
      read_refusal<std::int64_t>("9223372036854775808"),
      "config.range: train.x must be an integer between -9223372036854775808 and 9223372036854775807, got "
      "9223372036854775808 (conf.yaml:2:6)");
  EXPECT_EQ(
      read_refusal<std::uint64_t>("-1"),
      "config.range: train.x must be an integer between 0 and 18446744073709551615, got -1 (conf.yaml:2:6)");
  EXPECT_THAT(read_refusal<std::int64_t>(std::string(400, '9')), StartsWith("config.range"));
}

TEST(Integers, AKeyWithoutAValueIsRefusedAtTheKey) {
  EXPECT_EQ(read_refusal<std::int64_t>(""), "config.type: conf.yaml:2:3: train.x: null is not an integer");
}

TEST(Integers, HintSaysHowToWriteIt) {
  const auto hint = [](const std::string& value) {
    return refusal_hint([&] { (void)read_value<std::int64_t>(value); });
  };
  EXPECT_EQ(hint("1e3"), "write 1000");
  EXPECT_EQ(hint("8.0"), "write 8");
  EXPECT_EQ(hint("\"8\""), "leave out the quotes");
  EXPECT_EQ(hint("010"), "leave out the leading zero");
}

TEST(Numbers, AreReadExactly) {
  EXPECT_EQ(read_value<double>("1e-5"), 1e-5);
  EXPECT_EQ(read_value<double>("+.5"), 0.5);
  EXPECT_EQ(read_value<double>("5."), 5.0);
  EXPECT_EQ(read_value<double>("-3"), -3.0);
  EXPECT_EQ(read_value<double>("0.1"), 0.1);
  EXPECT_EQ(read_value<double>("1.7976931348623157e308"), std::numeric_limits<double>::max());
}

class NotANumber : public testing::TestWithParam<std::string> {};
TEST_P(NotANumber, IsATypeError) {
  EXPECT_THAT(read_refusal<double>(GetParam()), StartsWith("config.type: conf.yaml:2:6: train.x: "));
  EXPECT_THAT(read_refusal<double>(GetParam()), HasSubstr(" is not a number"));
}
INSTANTIATE_TEST_SUITE_P(Spellings, NotANumber,
                         testing::Values("fast", "\"0.1\"", "0x1p-3", "1e", "1e+", "e5", ".", "1,5", "1.2.3",
                                         "1e5.0", "1_0.5", "007", "1 e5", "1d5", "[0.1]", "~", "1e-5x",
                                         "true"));

TEST(Numbers, MustBeFiniteAndInRange) {
  const auto refused = [](const std::string& value) { return read_refusal<double>(value, above(0)); };
  const std::string allowed = "config.range: train.x must be a finite number > 0, got ";
  EXPECT_EQ(refused("-1e-5"), allowed + "-1e-05 (conf.yaml:2:6)");
  EXPECT_EQ(refused("0"), allowed + "0 (conf.yaml:2:6)");
  for (const std::string value :
       {".nan", ".NaN", "nan", ".inf", "-.inf", "+.INF", "inf", "1e999", "-1e999", "1e-999"}) {
    EXPECT_EQ(refused(value), allowed + value + " (conf.yaml:2:6)");
  }
  EXPECT_THAT(read_refusal<double>(".inf"),
              StartsWith("config.range: train.x must be a finite number, got .inf"));
}

TEST(Numbers, RangesAreClosedUnlessSaid) {
  EXPECT_EQ(read_refusal<double>("1", between(0, 1)), "nothing was refused");
  EXPECT_EQ(read_refusal<double>("0", at_least(0)), "nothing was refused");
  EXPECT_THAT(read_refusal<double>("1.0000001", between(0, 1)),
              HasSubstr("a finite number between 0 and 1, got"));
  EXPECT_THAT(read_refusal<std::int64_t>("0", at_least(1)), HasSubstr("must be an integer >= 1, got 0"));
  EXPECT_THAT(read_refusal<double>("2", {.low = 0, .high = 1, .low_open = true}),
              HasSubstr("number > 0 and <= 1"));
}

class NotABoolean : public testing::TestWithParam<std::string> {};
TEST_P(NotABoolean, IsToldTheTwoWords) {
  EXPECT_THAT(read_refusal<bool>(GetParam()), StartsWith("config.type: conf.yaml:2:6: train.x: "));
  EXPECT_THAT(read_refusal<bool>(GetParam()), HasSubstr("write true or false"));
}
INSTANTIATE_TEST_SUITE_P(Spellings, NotABoolean,
                         testing::Values("yes", "no", "on", "off", "y", "True", "FALSE", "1", "0", "\"true\"",
                                         "~", "[true]"));

TEST(Booleans, AreTheTwoWords) {
  EXPECT_TRUE(read_value<bool>("true"));
  EXPECT_FALSE(read_value<bool>("false"));
}

TEST(Texts, TakeAnyScalarAsItIsWritten) {
  EXPECT_EQ(read_value<std::string>("yes"), "yes");
  EXPECT_EQ(read_value<std::string>("0x10"), "0x10");
  EXPECT_EQ(read_value<std::string>("\"\""), "");
  EXPECT_EQ(read_value<std::string>("\"~\""), "~");
  EXPECT_EQ(read_refusal<std::string>("~"), "config.type: conf.yaml:2:6: train.x: null is not a text");
  EXPECT_EQ(read_refusal<std::string>("[a]"), "config.type: conf.yaml:2:6: train.x: a list is not a text");
}

TEST(Lists, CheckEveryEntryByItsNumber) {
  using Integers = std::vector<std::int64_t>;
  EXPECT_EQ(read_value<Integers>("[3, 4]"), (Integers{3, 4}));
  EXPECT_EQ(read_value<Integers>("[]"), Integers{});
  EXPECT_EQ(read_refusal<Integers>("[3, x]"),
            "config.type: conf.yaml:2:10: train.x[1]: \"x\" is not an integer");
  EXPECT_EQ(read_refusal<Integers>("3"), "config.type: conf.yaml:2:6: train.x: \"3\" is not a list");
  EXPECT_EQ(read_refusal<std::vector<double>>("[0.5, -1]", at_least(0)),
            "config.range: train.x[1] must be a finite number >= 0, got -1 (conf.yaml:2:12)");
}

}  // namespace
}  // namespace lethe::config
