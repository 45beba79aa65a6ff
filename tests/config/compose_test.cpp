// extends, --set and ${env:…}: what one configuration is made of, and in which order.
#include <cstdlib>

#include "tests/config/refusal.h"

namespace lethe::config {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string text_at(Section section, const std::string& path) {
  std::string value = "(absent)";
  const auto dot = path.find('.');
  if (dot != std::string::npos)
    return text_at(section.section(path.substr(0, dot), ""), path.substr(dot + 1));
  section.optional(path, value, "");
  return value;
}

class Extends : public ConfigFolder {};

TEST_F(Extends, LaysTheFileOverItsBaseKeyByKey) {
  write("base/base.yaml", "train: {lr: base, batch: base}\nlist: [1, 2]\n");
  write("base/middle.yaml", "extends: base.yaml\ntrain: {lr: middle}\n");
  const auto top = write("top.yaml", "extends: base/middle.yaml\ntrain: {seed: top}\n");
  const Section root = load(top, {"train.batch=set"});
  EXPECT_EQ(text_at(root, "train.lr"), "middle");
  EXPECT_EQ(text_at(root, "train.batch"), "set");
  EXPECT_EQ(text_at(root, "train.seed"), "top");
  EXPECT_FALSE(root.has("extends"));
}

TEST_F(Extends, KeepsThePlacesOfTheFileThatWroteAKey) {
  const auto base = write("base.yaml", "\n\nlr: fast\n");
  const Section root = load(write("top.yaml", "extends: base.yaml\nseed: 1\n"));
  EXPECT_EQ(refusal([&] {
              double lr = 0;
              Section(root).optional("lr", lr, "");
            }),
            "config.type: " + base.string() + ":3:5: lr: \"fast\" is not a number");
}

TEST_F(Extends, MeansTheFileThatTheSystemWouldFind) {
  write("a/base.yaml", "x: beside\n");
  write("c/base.yaml", "x: elsewhere\n");
  const std::filesystem::path inner = write("a/b/conf.yaml", "extends: ../base.yaml\n");
  const std::filesystem::path link = inner.parent_path().parent_path().parent_path() / "c" / "link";
  std::filesystem::create_directory_symlink(inner.parent_path(), link);
  EXPECT_EQ(text_at(load((link / "conf.yaml").string()), "x"), "beside");
}

TEST_F(Extends, CyclesAreRefusedWithTheChain) {
  const auto a = write("a.yaml", "extends: b.yaml\n");
  write("b.yaml", "extends: a.yaml\n");
  EXPECT_EQ(load_refusal(a), "config.cycle: a.yaml → b.yaml → a.yaml");
  const auto self = write("self.yaml", "extends: ./self.yaml\n");
  EXPECT_EQ(load_refusal(self), "config.cycle: self.yaml → self.yaml");
  std::filesystem::create_symlink(a, folder_ / "link.yaml");
  EXPECT_THAT(load_refusal(folder_ / "link.yaml"), StartsWith("config.cycle: "))
      << "one file under two names";
}

TEST_F(Extends, CyclesThroughFoldersShowThem) {
  const auto top = write("top.yaml", "extends: sub/b.yaml\n");
  const auto sub = write("sub/b.yaml", "extends: ../top.yaml\n");
  EXPECT_EQ(load_refusal(top), "config.cycle: " + top.string() + " → " + sub.string() + " → " + top.string());
}

TEST_F(Extends, OnlyTheCycleIsShown) {
  write("b.yaml", "extends: c.yaml\n");
  write("c.yaml", "extends: b.yaml\n");
  EXPECT_EQ(load_refusal(write("a.yaml", "extends: b.yaml\n")).find("a.yaml"), std::string::npos);
}

TEST_F(Extends, MissingBaseNamesWhoAsked) {
  const auto top = write("top.yaml", "x: 1\nextends: none.yaml\n");
  EXPECT_EQ(load_refusal(top), "config.missing: cannot open " + (folder_ / "none.yaml").string() +
                                   ": No such file or directory (extended at " + top.string() + ":2:10)");
}

TEST_F(Extends, IsTheNameOfOneFile) {
  for (const std::string value : {"[a.yaml]", "{a: b}", "~", "\"\""}) {
    EXPECT_THAT(load_refusal(write("top.yaml", "extends: " + value + "\n")),
                HasSubstr("is not the name of one file"));
  }
}

TEST_F(Extends, EmptyBaseIsRefused) {
  const auto base = write("base.yaml", "# nothing\n");
  EXPECT_EQ(load_refusal(write("top.yaml", "extends: base.yaml\n")),
            "config.empty: " + base.string() + " has no content");
}

TEST_F(Extends, MayNameItsFileThroughTheEnvironment) {
  ::setenv("LETHE_TEST_BASE", write("far.yaml", "x: far\n").c_str(), 1);
  EXPECT_EQ(text_at(load(write("top.yaml", "extends: ${env:LETHE_TEST_BASE}\n")), "x"), "far");
}

TEST_F(Extends, OptionsOfANamedEntryAreKeptForTheSameNameOnly) {
  write("base.yaml", "objective: {name: npo, beta: 3}\nother: npo\n");
  const auto objective = [&](const std::string& text) {
    return load(write("top.yaml", "extends: base.yaml\n" + text));
  };
  EXPECT_EQ(text_at(objective("objective: npo\n"), "objective.beta"), "3");
  EXPECT_EQ(text_at(objective("objective: {gamma: 1}\n"), "objective.beta"), "3");
  EXPECT_EQ(text_at(objective("objective: rmu\n"), "objective.beta"), "(absent)");
  EXPECT_EQ(text_at(objective("objective: {name: rmu}\n"), "objective.beta"), "(absent)");
  EXPECT_EQ(text_at(objective("other: {beta: 2}\n"), "other.name"), "npo");
}

// All below a key commented out is no wish for the defaults.
TEST_F(Extends, AKeyWithNothingBehindItKeepsTheSectionOfTheBase) {
  write("base.yaml", "train: {lr: base, batch: base}\nobjective: {name: npo, beta: 3}\nlr: base\n");
  const auto extending = [&](const std::string& text) {
    return load(write("top.yaml", "extends: base.yaml\n" + text));
  };
  EXPECT_EQ(text_at(extending("train:\n  # lr: top\n"), "train.lr"), "base");
  EXPECT_EQ(text_at(extending("train:\nnullable: 1\n"), "train.lr"), "base");
  EXPECT_EQ(text_at(extending("train:\n~x: 1\n"), "train.lr"), "base");
  EXPECT_EQ(text_at(extending("objective:\nlr: top\n"), "objective.beta"), "3");
  EXPECT_EQ(text_at(load(write("flow.yaml", "{extends: base.yaml, train: , lr: top}\n")), "train.lr"),
            "base");
  for (const char* const null : {"~", "null", "Null", "&x null", "null  # nothing"})
    EXPECT_FALSE(extending(std::string("train: ") + null + "\n").has("train")) << null;
  EXPECT_FALSE(load(write("top.yaml", "extends: base.yaml\n"), {"train="}).has("train")) << "asked for";
}

Section with(const std::string& yaml, const std::vector<std::string>& overrides) {
  return parse(yaml, "conf.yaml", overrides);
}

TEST_F(Extends, AnotherTitleOfTheRunKeepsTheRest) {
  write("base.yaml", "name: planted\nx: base\n");
  const auto top = write("top.yaml", "extends: base.yaml\nname: retrained\n");
  EXPECT_EQ(text_at(load(top), "x"), "base");
  EXPECT_EQ(text_at(load(top, {"name=other"}), "x"), "base");
  EXPECT_EQ(text_at(load(top, {"name=other"}), "name"), "other");
}

TEST_F(Extends, AnotherTitleOfTheCampaignKeepsItsCells) {
  write("base.yaml", "campaign: {name: study, seeds: many}\nx: base\n");
  const auto top = write("top.yaml", "extends: base.yaml\ncampaign: {name: again}\n");
  EXPECT_EQ(text_at(load(top), "campaign.seeds"), "many");
  EXPECT_EQ(text_at(load(top, {"campaign.name=other"}), "campaign.name"), "other");
  EXPECT_EQ(text_at(load(top, {"campaign.name=other"}), "campaign.seeds"), "many");
}

TEST(Overrides, SetYamlValuesInOrder) {
  EXPECT_EQ(text_at(with("a: {b: 1}\n", {"a.b=2", "a.b=3"}), "a.b"), "3");
  EXPECT_EQ(text_at(with("a: 1\n", {"x.y.z=deep"}), "x.y.z"), "deep");
  EXPECT_EQ(text_at(with("a: 1\n", {"b=\"k: [v]\""}), "b"), "k: [v]");
  EXPECT_EQ(text_at(with("a: 1\n", {"b=x=y"}), "b"), "x=y");
  EXPECT_EQ(text_at(with("a: {\"c.d\": 1}\n", {"a.\"c.d\"=2"}).section("a", ""), "\"c"), "(absent)");
  std::vector<std::int64_t> list;
  with("l: [1]\n", {"l=[2, 3]"}).required("l", list, "");
  EXPECT_EQ(list, (std::vector<std::int64_t>{2, 3}));
  EXPECT_FALSE(with("a: 1\n", {"a="}).has("a")) << "an empty value is null";
  EXPECT_EQ(text_at(with("a: 1\n", {"a={b: 2}"}), "a.b"), "2");
}

TEST(Overrides, ReachKeysWithQuotesAndBackslashes) {
  Section root = with("axes: {'a\"b': {values: 1}, 'c.\\d': {values: 1}}\n",
                      {"axes.\"a\\\"b\".values=2", "axes.\"c.\\\\d\".values=\"=\""});
  Section axes = root.section("axes", "");
  EXPECT_EQ(text_at(axes.section("a\"b", ""), "values"), "2");
  EXPECT_EQ(text_at(axes.section("c.\\d", ""), "values"), "=");
  EXPECT_EQ(axes.section("a\"b", "").path(), "axes.\"a\\\"b\"");
  const std::string yaml = effective_yaml(root);
  EXPECT_EQ(text_at(parse(yaml, "again").section("axes", "").section("a\"b", ""), "values"), "2") << yaml;
}

TEST(Overrides, TurnAWordIntoANamedMapping) {
  const Section root = with("objective: npo\n", {"objective.beta=1"});
  EXPECT_EQ(text_at(root, "objective.name"), "npo");
  EXPECT_EQ(text_at(root, "objective.beta"), "1");
  EXPECT_EQ(text_at(with("objective: {name: npo, beta: 1}\n", {"objective=rmu"}), "objective.name"), "rmu");
  EXPECT_EQ(text_at(with("objective: {name: npo, beta: 1}\n", {"objective=npo"}), "objective.beta"), "1");
  EXPECT_EQ(text_at(with("objective: {name: npo, beta: 1}\n", {"objective.name=rmu"}), "objective.beta"),
            "(absent)");
}

TEST(Overrides, AreTheirOwnPlace) {
  EXPECT_EQ(refusal([] {
              Section root = with("train: {lr: 1}\n", {"trian.lr=1"});
              (void)root.section("train", "");
              root.reject_unknown();
            }),
            "config.unknown: --set trian.lr=1: trian is not a setting; did you mean train");
  EXPECT_EQ(refusal([] {
              double lr = 0;
              with("train: {lr: 1}\n", {"train.lr=fast"}).section("train", "").optional("lr", lr, "");
            }),
            "config.type: --set train.lr=fast: train.lr: \"fast\" is not a number");
  EXPECT_EQ(refusal([] {
              double lr = 0;
              with("train: {lr: 1}\n", {"train.lr=-1"}).section("train", "").optional("lr", lr, "", above(0));
            }),
            "config.range: train.lr must be a finite number > 0, got -1 (--set train.lr=-1)");
}

TEST(Overrides, AreNotBlamedForTheWhole) {
  EXPECT_EQ(refusal([] { with("train: {lr: 1}\n", {"seed=9"}).refuse("", "config.conflict", "two keys"); }),
            refusal([] { with("train: {lr: 1}\n", {}).refuse("", "config.conflict", "two keys"); }));
}

TEST(Overrides, MalformedOnesAreUsageErrors) {
  for (const std::string text : {"a", "=1", "", ".a=1", "a.=1", "a..b=1", "a.\"b=1", "a[=1", "extends=x.yaml",
                                 "l.0=1", "l[0]=1", "l.x=1"}) {
    EXPECT_THAT(parse_refusal("l: [1]\n", {text}), StartsWith("cli.set: --set " + text + ": ")) << text;
  }
  EXPECT_EQ(exit_code_of("cli.set"), 64);
}

TEST(Overrides, BadValuesAreYamlErrors) {
  EXPECT_EQ(parse_refusal("a: 1\n", {"a=[1"}), "yaml.syntax: --set a=[1: flow sequence is not closed");
  EXPECT_EQ(parse_refusal("a: 1\n", {"a=*x"}), "yaml.alias: --set a=*x: anchor x is not defined");
  EXPECT_THAT(parse_refusal("a: 1\n", {"a=\xff"}), StartsWith("yaml.encoding: "));
}

TEST(Environment, IsReplacedInsideTextsListsAndOverrides) {
  ::setenv("LETHE_TEST_VALUE", "seven", 1);
  ::setenv("LETHE_TEST_NUMBER", "7", 1);
  EXPECT_EQ(text_at(parse("a: x/${env:LETHE_TEST_VALUE}/${env:LETHE_TEST_NUMBER}\n"), "a"), "x/seven/7");
  EXPECT_EQ(text_at(with("a: 1\n", {"a=${env:LETHE_TEST_VALUE}"}), "a"), "seven");
  std::vector<std::int64_t> list;
  parse("l: [\"${env:LETHE_TEST_NUMBER}\", 8]\n").required("l", list, "");
  EXPECT_EQ(list, (std::vector<std::int64_t>{7, 8}));
  parse("l:\n  - ${env:LETHE_TEST_NUMBER}\n").required("l", list, "");
  EXPECT_EQ(list, (std::vector<std::int64_t>{7}));
}

TEST(Environment, IsTextAndNeverYaml) {
  ::setenv("LETHE_TEST_YAML", "{a: 1}\n---\n[", 1);
  EXPECT_EQ(text_at(parse("a: ${env:LETHE_TEST_YAML}\n"), "a"), "{a: 1}\n---\n[");
  ::setenv("LETHE_TEST_REFERENCE", "${env:HOME}", 1);
  EXPECT_EQ(text_at(parse("a: ${env:LETHE_TEST_REFERENCE}\n"), "a"), "${env:HOME}") << "replaced once";
}

TEST(Environment, OtherBytesThanTextAreRefused) {
  ::setenv("LETHE_TEST_BYTES", "a\xff", 1);
  EXPECT_EQ(parse_refusal("a: ${env:LETHE_TEST_BYTES}\n"),
            "config.ref: environment variable LETHE_TEST_BYTES is not UTF-8 (conf.yaml:1:4)");
}

TEST(Environment, UnsetVariablesAreRefused) {
  ::unsetenv("HOME2");
  EXPECT_EQ(parse_refusal("a:\n  - ${env:HOME2}\n"),
            "config.ref: environment variable HOME2 is not set (conf.yaml:2:5)");
  EXPECT_EQ(parse_refusal("a: ${env:HOME2}\n", {"a=1"}), "nothing was refused") << "an override replaces it";
}

TEST(Environment, OtherReferencesAreRefused) {
  for (const std::string text :
       {"${HOME}", "${ENV:HOME}", "${env:}", "${env:A B}", "${env:1A}", "x${env:HOME", "${}"}) {
    EXPECT_THAT(parse_refusal("a: '" + text + "'\n"), HasSubstr("is not a reference (conf.yaml:1:4)"))
        << text;
  }
}

TEST(Environment, TwoDollarsAreOne) {
  EXPECT_EQ(text_at(parse("a: $${env:HOME2} $5 $$ {x}\n"), "a"), "${env:HOME2} $5 $$ {x}");
}

}  // namespace
}  // namespace lethe::config
