#include "framework/config/document.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

#include "framework/base/atomic_file.h"
#include "framework/base/error.h"

namespace lethe::config {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

struct BadText {
  std::string yaml, key, message;
};
class BadYaml : public ::testing::TestWithParam<BadText> {};

TEST_P(BadYaml, IsRefusedByName) {
  try {
    (void)parse(GetParam().yaml, "conf.yaml");
    FAIL() << GetParam().key;
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), GetParam().key);
    EXPECT_THAT(e.message(), HasSubstr(GetParam().message));
    EXPECT_EQ(e.exit_code(), 78);
  }
}

std::string bomb() {
  std::string yaml = "a0: &a0 [x, x]\n";
  for (int i = 1; i < 30; ++i) yaml += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}]\n", i, i - 1);
  return yaml;
}

INSTANTIATE_TEST_SUITE_P(Catalogue, BadYaml, ::testing::Values(
  BadText{"", "config.empty", "conf.yaml has no content"}, BadText{"# only a comment\n", "config.empty", "no content"},
  BadText{"a:\n\tb: 1\n", "yaml.syntax", "conf.yaml:2:1: tab used for indentation"}, BadText{"a: [1, 2\n", "yaml.syntax", "flow sequence is not closed"},
  BadText{"a: {b: 1\n", "yaml.syntax", "flow mapping is not closed"}, BadText{"train:\n  seed: 1\n  x: 2\n  seed: 3\n", "yaml.duplicate", "conf.yaml:4:3: train.seed set twice (first at 2:3)"},
  BadText{"a: *base\n", "yaml.alias", "conf.yaml:1:4: anchor"}, BadText{bomb(), "yaml.alias", "aliases"},
  BadText{std::string(20000, '['), "yaml.depth", "nested deeper than 500"}, BadText{"a: 1\n---\nb: 2\n", "yaml.multi", "only one document is allowed"},
  BadText{"- a\n- b\n", "config.type", "mapping"}, BadText{"a: ${env:LETHE_SURELY_UNSET}\n", "config.ref", "environment variable LETHE_SURELY_UNSET is not set"}));

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(::testing::TempDir()) / fmt::format("config_files_{}", ::getpid());
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  fs::path write(const std::string& name, const std::string& text) {
    base::write_file_atomically(folder_ / name, text);
    return folder_ / name;
  }
  static std::string key_of(const fs::path& path) {
    try {
      (void)load(path);
    } catch (const Error& e) {
      return e.key();
    }
    return "none";
  }
  fs::path folder_;
};

TEST_F(Files, WhatCannotBeOpenedSaysWhy) {
  EXPECT_EQ(key_of(folder_ / "absent.yaml"), "config.missing");
  EXPECT_EQ(key_of(folder_), "config.notfile");
}

TEST_F(Files, ExtendsLaysAFileUponAnother) {
  write("base.yaml", "train: {steps: 3, rate: 0.5}\nobjective: {name: npo, beta: 0.2}\n");
  const fs::path child = write("child.yaml", "extends: base.yaml\ntrain: {rate: 0.25}\n");
  Section root = load(child, {"train.steps=9", "objective.beta=0.7"});
  std::int64_t steps = 0;
  double rate = 0, beta = 0;
  std::string name;
  root.section("train", "").optional("steps", steps, "").optional("rate", rate, "");
  const std::vector<std::string> methods = {"npo"};
  root.named("objective", name, methods, "").optional("beta", beta, "");
  EXPECT_EQ(steps, 9);
  EXPECT_EQ(rate, 0.25);
  EXPECT_EQ(beta, 0.7);
}

TEST_F(Files, AnotherChoiceDropsTheOptionsOfTheFirst) {
  write("base.yaml", "objective: {name: npo, beta: 0.2}\n");
  Section root = load(write("child.yaml", "extends: base.yaml\nobjective: {name: finetune}\n"));
  std::string name;
  const std::vector<std::string> methods = {"npo", "finetune"};
  EXPECT_NO_THROW(root.named("objective", name, methods, "").reject_unknown());
}

TEST_F(Files, ACycleOfExtendsIsShown) {
  write("a.yaml", "extends: b.yaml\n");
  write("b.yaml", "extends: a.yaml\n");
  try {
    (void)load(folder_ / "a.yaml");
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "config.cycle");
    EXPECT_THAT(e.message(), HasSubstr("a.yaml → b.yaml → a.yaml"));
  }
}

TEST(Overrides, OptionsCanStandBesideAWord) {
  Section root = parse("objective: npo", "c", {"objective.beta=0.3"});
  std::string name;
  double beta = 0;
  const std::vector<std::string> methods = {"npo"};
  root.named("objective", name, methods, "").optional("beta", beta, "");
  EXPECT_EQ(name, "npo");
  EXPECT_EQ(beta, 0.3);
}

TEST(Overrides, AnUnknownPathIsNamedWithItsPlace) {
  Section root = parse("train: {}", "c", {"trian.lr=1"});
  root.section("train", "").reject_unknown();
  try {
    root.reject_unknown();
    FAIL();
  } catch (const Error& e) {
    EXPECT_EQ(e.key(), "config.unknown");
    EXPECT_THAT(e.message(), HasSubstr("--set trian.lr=1: trian is not a setting; did you mean train"));
  }
  EXPECT_THROW((void)parse("a: 1", "c", {"nothing"}), Error);
}

TEST(Environment, IsReadInsideTextsAndLists) {
  ::setenv("LETHE_CONFIG_TEST", "7", 1);
  Section root = parse("a: ${env:LETHE_CONFIG_TEST}\nb: [\"x${env:LETHE_CONFIG_TEST}y\"]\n");
  std::int64_t a = 0;
  std::vector<std::string> b;
  root.optional("a", a, "").optional("b", b, "");
  EXPECT_EQ(a, 7);
  EXPECT_EQ(b.at(0), "x7y");
}

TEST(Texts, AByteOrderMarkAndWindowsLineEndsAreAccepted) {
  std::int64_t a = 0;
  parse("\xEF\xBB\xBF" "a: 3\r\nb: 4\r\n").optional("a", a, "");
  EXPECT_EQ(a, 3);
}

}  // namespace
}  // namespace lethe::config
