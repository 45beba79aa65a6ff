#include "framework/models/strict_json.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

#include "tests/models/model_fixture.h"

namespace lethe::models {
namespace {

using ::testing::StartsWith;

std::string complaint(const std::string& text) {
  return error_of([&] { (void)parse_strict_json(text, "f.json", "model.config.json"); }).message();
}

TEST(StrictJson, NamesLineAndColumnOfWhatIsNotJson) {
  EXPECT_THAT(complaint("{\n  \"a\": 1,\n  b\n}"), StartsWith("f.json:3:3: "));
  EXPECT_THAT(complaint(""), StartsWith("f.json:1:1: "));
  EXPECT_THAT(complaint("{\"a\": NaN}"), StartsWith("f.json:1:7: "));
  EXPECT_EQ(complaint(std::string("{}\n\0{", 5)), "f.json:2:1: a zero byte");
  EXPECT_THAT(complaint("{} {}"), StartsWith("f.json:1:4: "));
  EXPECT_THAT(complaint("{\"a\": 1e999}"), ::testing::HasSubstr("f.json:1:"));
  EXPECT_THAT(complaint("{\"\xc3(\": 1}"), ::testing::HasSubstr("UTF-8"));
}

TEST(StrictJson, RefusesDuplicateKeysAtTheSecondOne) {
  EXPECT_EQ(complaint("{\"a\": 1,\n \"b\": {\"c\": 1, \"c\": 2}}"), "f.json:2:16: \"c\" is set twice");
  EXPECT_EQ(complaint(R"({"x\"y": 1, "x\"y": 2})"), "f.json:1:13: \"x\"y\" is set twice");
  EXPECT_EQ(complaint(R"({"\\": 1, "\\": 2})"), "f.json:1:11: \"\\\" is set twice");
}

TEST(StrictJson, LetsTheSameKeyStandInDifferentObjects) {
  EXPECT_EQ(parse_strict_json(R"([{"a": 1}, {"a": {"a": 2}}])", "f", "k")[1]["a"]["a"], 2);
}

TEST(StrictJson, RefusesDepthWithoutTheStackForIt) {
  EXPECT_THAT(complaint(std::string(1'000'000, '[')), ::testing::HasSubstr("nested deeper than 100"));
}

TEST(StrictJson, MakesForeignTextHarmlessInMessages) {
  EXPECT_EQ(printable("a\x1b[31m\n\xff"), "a?[31m??");
  EXPECT_EQ(printable(std::string(100, 'a'), 3), "aaa…");
}

}  // namespace
}  // namespace lethe::models
