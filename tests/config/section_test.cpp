#include "framework/config/section.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "framework/base/error.h"
#include "framework/config/document.h"

namespace lethe::config {
namespace {

using ::testing::HasSubstr;

struct Values {
  bool flag = false;
  std::int64_t count = 4;
  std::uint64_t seed = 0;
  double rate = 0.5;
  std::string word = "a";
  std::vector<std::int64_t> list;
};

Values read(Section root) {
  Values v;
  Section train = root.section("train", "the loop");
  train.optional("flag", v.flag, "a flag").optional("count", v.count, "a count", at_least(0)).optional("seed", v.seed, "seed");
  train.optional("learning_rate", v.rate, "peak rate", above(0)).choice("word", v.word, {"a", "beta"}, "a word").optional("list", v.list, "a list");
  train.reject_unknown();
  root.reject_unknown();
  return v;
}

// The error that reading `train: {<body>}` gives.
Error error_of(const std::string& body) {
  try {
    (void)read(parse("train:\n  " + body + "\n", "conf.yaml"));
  } catch (const Error& e) {
    return e;
  }
  return Error("none", "");
}

TEST(Section, ReadsTypedValuesAndKeepsDefaults) {
  const Values v = read(parse("train: {flag: true, learning_rate: 1e-5, list: [1, -2]}"));
  EXPECT_TRUE(v.flag);
  EXPECT_EQ(v.count, 4);
  EXPECT_EQ(v.rate, 1e-5);
  EXPECT_EQ(v.list, (std::vector<std::int64_t>{1, -2}));
}

struct Bad {
  std::string body, key, message;
};
class BadValue : public ::testing::TestWithParam<Bad> {};

TEST_P(BadValue, IsRefusedWithItsPlace) {
  const Error e = error_of(GetParam().body);
  EXPECT_EQ(e.key(), GetParam().key);
  EXPECT_THAT(e.message(), HasSubstr(GetParam().message));
  EXPECT_EQ(e.exit_code(), 78);
}

INSTANTIATE_TEST_SUITE_P(Catalogue, BadValue, ::testing::Values(
  Bad{"lerning_rate: 1", "config.unknown", "conf.yaml:2:3: train.lerning_rate is not a setting; did you mean learning_rate"},
  Bad{"count: \"eight\"", "config.type", "conf.yaml:2:10: train.count: \"eight\" is not an integer"},
  Bad{"count: \"8\"", "config.type", "is not an integer"}, Bad{"count: 1e3", "config.type", "is not an integer"},
  Bad{"count: 010", "config.type", "is not an integer"}, Bad{"count: 0x10", "config.type", "is not an integer"},
  Bad{"count: 99999999999999999999", "config.range", "does not fit"}, Bad{"count: -1", "config.range", "train.count must be an integer >= 0, got -1"},
  Bad{"count: [1]", "config.type", "a list is not an integer"}, Bad{"count:", "config.type", "null is not an integer"},
  Bad{"seed: -1", "config.range", "unsigned"}, Bad{"learning_rate: -1e-5", "config.range", "train.learning_rate must be a finite number > 0, got -1e-5"},
  Bad{"learning_rate: 0", "config.range", "> 0"}, Bad{"learning_rate: .nan", "config.range", "finite number > 0, got .nan"},
  Bad{"learning_rate: .inf", "config.range", "finite"}, Bad{"learning_rate: 1e999", "config.range", "double"}, Bad{"learning_rate: 1,5", "config.type", "is not a number"},
  Bad{"flag: yes", "config.type", "write true or false"}, Bad{"flag: on", "config.type", "write true or false"}, Bad{"flag: \"true\"", "config.type", "write true or false"},
  Bad{"word: bta", "config.unknown", "train.word: `bta`"}, Bad{"list: 3", "config.type", "is not a list"}, Bad{"list: [1, x]", "config.type", "train.list[1]: \"x\" is not an integer"}));

TEST(Section, ANamedChoiceMayBeAWordOrAMapping) {
  const std::vector<std::string> methods = {"npo", "dpo"};
  for (const char* yaml : {"objective: npo", "objective: {name: npo}"}) {
    Section root = parse(yaml);
    std::string name;
    double beta = 0.1;
    Section options = root.named("objective", name, methods, "method");
    options.optional("beta", beta, "beta").reject_unknown();
    EXPECT_EQ(name, "npo");
  }
  Section root = parse("objective: npoo", "c.yaml");
  std::string name;
  try {
    (void)root.named("objective", name, methods, "method");
    FAIL();
  } catch (const Error& e) {
    EXPECT_THAT(e.message(), HasSubstr("c.yaml:1:12: objective.name: `npoo`"));
    EXPECT_THAT(e.hint(), HasSubstr("did you mean `npo`?"));
  }
}

TEST(Section, MissesRequiredKeys) {
  Section root = parse("model: {}");
  std::string path;
  EXPECT_THROW(root.section("model", "").required("path", path, "model directory"), Error);
}

TEST(Section, TheEffectiveConfigurationReadsTheSame) {
  Section root = parse("train: {learning_rate: 1e-5, word: beta, list: [3]}");
  (void)read(root);
  const std::string effective = effective_yaml(root);
  Section again = parse(effective);
  const Values v = read(again);
  EXPECT_EQ(v.rate, 1e-5);
  EXPECT_EQ(v.word, "beta");
  EXPECT_EQ(v.count, 4);
  EXPECT_EQ(effective_yaml(again), effective);
}

TEST(Section, TheReferenceListsEveryKeyWithItsDefault) {
  Section root = for_reference();
  (void)read(root);
  ASSERT_EQ(keys_read(root).size(), 6u);
  EXPECT_EQ(keys_read(root)[1].path, "train.count");
  EXPECT_EQ(keys_read(root)[1].default_value, "4");
}

}  // namespace
}  // namespace lethe::config
