// The record of what was read: the effective configuration, and the reference of all keys.
#include "framework/config/raw_value.h"
#include "tests/config/refusal.h"

namespace lethe::config {
namespace {

using testing::HasSubstr;

struct Options {
  bool flag = false;
  std::int64_t low = std::numeric_limits<std::int64_t>::min();
  std::uint64_t seed = 0;
  double rate = 0.1;
  std::string text = "plain", name;
  std::optional<double> sigma;
  std::vector<std::string> words = {"a"};
  std::vector<double> betas;
  std::vector<std::string> metrics;
  bool operator==(const Options&) const = default;
};

const std::vector<std::string> kNames = {"npo", "rmu"};

Options read(Section root) {
  Options o;
  root.optional("flag", o.flag, "a flag");
  Section train = root.section("train", "the loop");
  train.optional("low", o.low, "")
      .required("seed", o.seed, "where randomness starts")
      .optional("rate", o.rate, "", above(0));
  train.optional("text", o.text, "")
      .maybe("sigma", o.sigma, "")
      .optional("words", o.words, "")
      .optional("betas", o.betas, "");
  root.named("objective", o.name, kNames, "the method").reject_unknown();
  for (Section metric : root.sections("metrics", "what is measured")) {
    metric.named_here(o.metrics.emplace_back(), kNames, "");
  }
  train.reject_unknown();
  root.reject_unknown();
  return o;
}

TEST(EffectiveYaml, LoadsToTheSameValues) {
  Section root = parse(
      "flag: true\ntrain:\n  seed: 18446744073709551615\n  rate: 1e-7\n  sigma: 0.30000000000000004\n"
      "  text: \"a: 'b' \\\"c\\\" \\\\ #\\n\\tΩ $${env:NONE} \\x01\"\n  words: [yes, \"1\", \"\", \"~\", -x, "
      "'a b', \"null\"]\n"
      "objective: npo\nmetrics: [rmu, {name: npo}]\n");
  const Options first = read(root);
  const std::string yaml = effective_yaml(root);
  Section again = parse(yaml);
  EXPECT_EQ(read(again), first) << yaml;
  EXPECT_EQ(effective_yaml(again), yaml);
  EXPECT_EQ(first.words, (std::vector<std::string>{"yes", "1", "", "~", "-x", "a b", "null"}));
}

TEST(EffectiveYaml, HoldsDefaultsToo) {
  Section root = parse("train: {seed: 3}\nobjective: rmu\n");
  (void)read(root);
  EXPECT_EQ(effective_yaml(root),
            "flag: false\ntrain:\n  low: -9223372036854775808\n  seed: 3\n  rate: 0.1\n  text: plain\n  "
            "sigma: null\n"
            "  words: [a]\n  betas: []\nobjective:\n  name: rmu\n");
}

TEST(EffectiveYaml, OfNothingIsAnEmptyMapping) { EXPECT_EQ(effective_yaml(Section()), "{}\n"); }

TEST(EffectiveYaml, QuotesEveryTextThatYamlReadsAsSomethingElse) {
  for (const std::string text :
       {"yes", "No", "null", "~",    "1",  "1e5", ".inf", "nan",   "- a", "a: b",       "a #b", "",
        " a",  "a ", "*x",   "&x",   "!x", "|",   "%",    "@",     "`",   "{",          "[",    "'",
        "\"",  "\\", "\n",   "\x7f", "<<", "---", "${x}", "$${x}", "0x1", "2001-01-01", "=",    "é"}) {
    Section root;
    std::string value = text;
    root.optional("k", value, "");
    Section again = parse(effective_yaml(root));
    std::string read_back = "(nothing)";
    again.optional("k", read_back, "");
    EXPECT_EQ(read_back, text) << effective_yaml(root);
  }
}

TEST(KeysRead, TellTypeDefaultValueAndMeaning) {
  Section root = parse("train: {seed: 3, rate: 0.5}\nobjective: rmu\n");
  (void)read(root);
  const auto find = [&](const std::string& path) {
    for (const ReadKey& key : keys_read(root)) {
      if (key.path == path)
        return fmt::format("{} | {} | {} | {}", key.type, key.default_value, key.value, key.help);
    }
    return std::string("not read");
  };
  EXPECT_EQ(find("flag"), "true|false | false | false | a flag");
  EXPECT_EQ(find("train"), "section |  |  | the loop");
  EXPECT_EQ(find("train.seed"), "integer | required | 3 | where randomness starts");
  EXPECT_EQ(find("train.rate"), "number > 0 | 0.1 | 0.5 | ");
  EXPECT_EQ(find("train.betas"), "list of numbers | [] | [] | ");
  EXPECT_EQ(find("train.words"), "list of texts | [a] | [a] | ");
  EXPECT_EQ(find("train.sigma"), "number | null | null | ");
  EXPECT_EQ(find("objective.name"), "one of npo, rmu | required | rmu | the method");
}

TEST(KeysRead, ListAKeyOnceHoweverOftenItIsRead) {
  Section root = parse("a: 1\n");
  std::int64_t a = 0;
  root.optional("a", a, "").optional("a", a, "");
  EXPECT_EQ(keys_read(root).size(), 1u);
}

TEST(FlatValues, GoIntoMappingsAndListsOfMappings) {
  const auto values = flat_values(
      parse("train:\n  words: [a, \"1\"]\n  groups:\n    -\n      rate: 1e-5\n    -\n      rate: 2e-5\n"
            "      layers: [1, 2]\n  none: []\naxes: {\"a.b\": null}\n"));
  const std::map<std::string, std::string> expected{{"axes.\"a.b\"", "null"},
                                                    {"train.groups[0].rate", "1e-5"},
                                                    {"train.groups[1].layers", "[1, 2]"},
                                                    {"train.groups[1].rate", "2e-5"},
                                                    {"train.none", "[]"},
                                                    {"train.words", "[a, \"1\"]"}};
  EXPECT_EQ(values, expected);
}

TEST(Reference, MissesNoRequiredKey) {
  Section root = for_reference();
  (void)read(root);
  EXPECT_THAT(effective_yaml(root), HasSubstr("objective:\n  name: \"\"\n"));
  EXPECT_EQ(keys_read(root).size(), 11u);
}

}  // namespace
}  // namespace lethe::config
