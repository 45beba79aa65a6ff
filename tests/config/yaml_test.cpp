// YAML that is refused: syntax, duplicates, aliases, depth, documents; and what stays allowed beside it.
#include "tests/config/refusal.h"

namespace lethe::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Case {
  std::string name, yaml, refused;
};
class BadYaml : public testing::TestWithParam<Case> {};
TEST_P(BadYaml, IsRefusedWithItsPlace) { EXPECT_EQ(parse_refusal(GetParam().yaml), GetParam().refused); }

INSTANTIATE_TEST_SUITE_P(
    Catalogue, BadYaml,
    testing::Values(
        Case{"Tab", "train:\n\tseed: 1\n", "yaml.syntax: conf.yaml:2:1: tab used for indentation"},
        Case{"TabAfterSpaces", "train:\n  \tseed: 1\n",
             "yaml.syntax: conf.yaml:2:3: tab used for indentation"},
        Case{"TabAfterBlockText", "a: |\n  \tok\nb:\n\tc: 1\n",
             "yaml.syntax: conf.yaml:4:1: tab used for indentation"},
        Case{"OpenSequence", "a: 1\nb: 2\nc: 3\nd: 4\ne: 5\nf: 6\ntrain: [[1, 2\n",
             "yaml.syntax: conf.yaml:7:9: flow sequence is not closed"},
        Case{"OpenSequenceBeforeKeys", "betas:   [1, 2\nseed: 3\n",
             "yaml.syntax: conf.yaml:1:10: flow sequence is not closed"},
        Case{"OpenMapping", "a: {b: 1\n", "yaml.syntax: conf.yaml:1:4: flow mapping is not closed"},
        Case{"Duplicate", "model:\n  path: x\ntrain:\n  seed: 1\n  batch: 2\n\n\n\n  seed: 2\n",
             "yaml.duplicate: conf.yaml:9:3: train.seed set twice (first at 4:3)"},
        Case{"DuplicateInFlow", "a: {b: 1, b: 1}\n",
             "yaml.duplicate: conf.yaml:1:11: a.b set twice (first at 1:5)"},
        Case{"DuplicateQuoted", "a: 1\n\"a\": 2\n",
             "yaml.duplicate: conf.yaml:2:1: a set twice (first at 1:1)"},
        Case{"DuplicateInList", "l:\n  - x: 1\n  - y: 1\n    y: 2\n",
             "yaml.duplicate: conf.yaml:4:5: l[1].y set twice (first at 3:5)"},
        Case{"UndefinedAlias", "a: 1\nb: 2\ntrain: *base\n",
             "yaml.alias: conf.yaml:3:8: anchor base is not defined"},
        Case{"AliasBeforeAnchor", "a: *x\nb: &x 1\n", "yaml.alias: conf.yaml:1:4: anchor x is not defined"},
        Case{"AliasInItself", "a: &x [1, *x]\n",
             "yaml.alias: conf.yaml:1:11: an anchor stands inside itself"},
        Case{"TwoDocuments", "a: 1\n\n\n---\nb: 2\n",
             "yaml.multi: conf.yaml:4:1: only one document is allowed"},
        Case{"EmptySecondDocument", "a: 1\n---\n", "yaml.multi: conf.yaml:2:1: only one document is allowed"},
        Case{"AfterDots", "a: 1\n...\nb: 2\n", "yaml.multi: conf.yaml:3:1: only one document is allowed"},
        Case{"AfterTheEnd", "{a: 1}\nb: 2\n",
             "yaml.syntax: conf.yaml:2:1: content after the end of the document"},
        Case{"OpenQuote", "a: \"x\nb: 1\n", "yaml.syntax: conf.yaml:1:4: quoted text is not closed"},
        Case{"OpenSingleQuote", "a: &x 'it''s\n", "yaml.syntax: conf.yaml:1:4: quoted text is not closed"},
        Case{"TabInBlankLine", "a: 1\n \t\nb: 2\n", "yaml.syntax: conf.yaml:2:2: tab used for indentation"},
        Case{"TabBeforeComment", "a: 1\n\t# x\nb: 2\n",
             "yaml.syntax: conf.yaml:2:1: tab used for indentation"},
        Case{"TwoColons", "a: b: c\n",
             "yaml.syntax: conf.yaml:1:5: a colon cannot stand here; quote the text, or check the "
             "indentation"},
        Case{"Outdented", "a:\n  b: 1\n c: 2\n",
             "yaml.syntax: conf.yaml:3:2: this line's indentation fits no mapping above it"},
        Case{"At", "a: @x\n",
             "yaml.syntax: conf.yaml:1:4: no value begins with this character; quote the text"},
        Case{"Tag", "a: !!python/object:os.system x\n",
             "yaml.tag: conf.yaml:1:4: tag tag:yaml.org,2002:python/object:os.system is not supported"},
        Case{"OwnTag", "a: !npo {b: 1}\n", "yaml.tag: conf.yaml:1:4: tag !npo is not supported"},
        Case{"MergeKey", "a: &x {b: 1}\nc:\n  <<: *x\n",
             "yaml.merge: conf.yaml:3:3: merge keys (<<) are not supported"},
        Case{"ListAsKey", "? [a]\n: 1\n", "yaml.syntax: conf.yaml:1:3: a key must be text"},
        Case{"NullAsKey", "~: 1\n", "yaml.syntax: conf.yaml:1:1: a key is missing or null"},
        Case{"NoKey", ": 1\n", "yaml.syntax: conf.yaml:1:1: a key is missing or null"},
        Case{"AliasAsKey", "a: &x b\n*x : 1\n", "yaml.syntax: conf.yaml:2:1: an alias cannot be a key"},
        Case{"RootList", "- a\n",
             "config.type: conf.yaml:1:1: the configuration must be a mapping, found a list"},
        Case{"RootWord", "a:1\n",
             "config.type: conf.yaml:1:1: the configuration must be a mapping, found \"a:1\""}),
    [](const auto& info) { return info.param.name; });

std::string repeated(const std::string& part, int times) {
  std::string text;
  for (int i = 0; i < times; ++i) text += part;
  return text;
}

class DeepYaml : public testing::TestWithParam<std::string> {};
TEST_P(DeepYaml, IsRefusedBeforeTheStackEnds) {
  EXPECT_THAT(parse_refusal(repeated(GetParam(), 20000)), StartsWith("yaml.depth: nested deeper than 500"));
}
INSTANTIATE_TEST_SUITE_P(Openers, DeepYaml, testing::Values("[", "{a: ", "[{a: ", "- ", "- - "));

TEST(DeepYaml, BlockMappingsAreRefusedToo) {
  std::string yaml;
  for (int i = 0; i < 2000; ++i) yaml += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
  EXPECT_THAT(parse_refusal(yaml), StartsWith("yaml.depth: nested deeper than 500"));
}

TEST(DeepYaml, ClosedNestingIsRefusedToo) {
  EXPECT_THAT(parse_refusal("a: " + repeated("[", 20000) + repeated("]", 20000)),
              StartsWith("yaml.depth: nested deeper than 500"));
}

TEST(DeepYaml, AliasesCannotGoDeeper) {
  const std::string open = repeated("[", 300), close = repeated("]", 300);
  EXPECT_THAT(parse_refusal("a: &x " + open + close + "\nb: " + open + "*x" + close + "\n"),
              StartsWith("yaml.depth: nested deeper than 500"));
}

TEST(DeepYaml, FourHundredLevelsAreFine) {
  EXPECT_EQ(parse_refusal("a: " + repeated("[", 400) + repeated("]", 400)), "nothing was refused");
}

TEST(Aliases, BillionLaughsStopAtABound) {
  std::string yaml = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n";
  for (int i = 1; i < 10; ++i)
    yaml += fmt::format("a{0}: &a{0} [{1}*a{2}]\n", i, repeated(fmt::format("*a{}, ", i - 1), 9), i - 1);
  EXPECT_THAT(parse_refusal(yaml), HasSubstr("yaml.alias: conf.yaml:5:"));
  EXPECT_THAT(parse_refusal(yaml), HasSubstr("aliases stand for more than 100000 values"));
}

TEST(Aliases, GiveTheSameValues) {
  const Section root = parse("a: &x [1, 2]\nb: *x\n");
  std::vector<std::int64_t> b;
  Section(root).required("b", b, "");
  EXPECT_EQ(b, (std::vector<std::int64_t>{1, 2}));
}

TEST(Yaml, TabsAreFineWhereTheyDoNotIndent) {
  const Section root = parse("a:\tone\nb: |\n  \tx\n");
  std::string a, b;
  Section(root).required("a", a, "").required("b", b, "");
  EXPECT_EQ(a, "one");
  EXPECT_EQ(b, "\tx\n");
}

TEST(Yaml, LeadingMarkerAndClosingDotsAreOneDocument) {
  EXPECT_EQ(parse_refusal("%YAML 1.2\n---\na: 1\n...\n"), "nothing was refused");
}

TEST(Yaml, ReferenceInBracketsIsToldToBeQuoted) {
  EXPECT_THAT(refusal_hint([] { (void)parse("a: [${env:HOME}]\n"); }), HasSubstr("in quotes"));
}

// Cutting a valid file anywhere, or breaking any of its bytes, must give a value or an Error, never anything
// else.
TEST(Yaml, AnyDamageIsAnErrorOrAValue) {
  const std::string good = "a: &x [1, {b: 'c'}]\nd:\n  - *x\n  - \"e\\n\"\nf: |\n  text\ng: {h: ~, i: [j]}\n";
  int refused = 0;
  for (std::size_t at = 0; at < good.size(); ++at) {
    refused += parse_refusal(good.substr(0, at)) != "nothing was refused";
    for (const char c : std::string("[]{}:-*&!|>'\"%@,#?\n \t\\\x80", 24)) {
      std::string bad = good;
      bad[at] = c;
      refused += parse_refusal(bad) != "nothing was refused";
    }
  }
  EXPECT_GT(refused, 500);
}

}  // namespace
}  // namespace lethe::config
