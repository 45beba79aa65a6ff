// Sections: defaults, required keys, choices, named entries, unknown keys.
#include "tests/config/refusal.h"

namespace lethe::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Train {
  double learning_rate = 1e-5;
  std::int64_t batch = 8;
};

Train read_train(Section root) {
  Train o;
  Section section = root.section("train", "the loop");
  section.optional("learning_rate", o.learning_rate, "peak", above(0))
      .optional("batch", o.batch, "samples", at_least(1));
  section.reject_unknown();
  root.reject_unknown();
  return o;
}

TEST(Section, LeavesTheDefaultOfAnAbsentKey) {
  const Train o = read_train(parse("train: {batch: 2}\n"));
  EXPECT_EQ(o.batch, 2);
  EXPECT_EQ(o.learning_rate, 1e-5);
  EXPECT_EQ(read_train(parse("train:\n")).batch, 8) << "a section whose keys are all commented out is empty";
  EXPECT_EQ(read_train(Section()).batch, 8);
}

TEST(Section, RefusesAnUnknownKeyWithTheNearestOne) {
  EXPECT_EQ(refusal([] { read_train(parse("a:\n\n\n\ntrain:\n  lerning_rate: 1\n", "conf.yaml", {"a=~"})); }),
            "config.unknown: conf.yaml:6:3: train.lerning_rate is not a setting; did you mean learning_rate");
  EXPECT_EQ(refusal([] { read_train(parse("trian: {}\n", "conf.yaml")); }),
            "config.unknown: conf.yaml:1:1: trian is not a setting; did you mean train");
}

TEST(Section, FindsAKeyWrittenAtTheWrongLevel) {
  EXPECT_THAT(refusal([] { read_train(parse("train:\nlearning_rate: 1\n")); }),
              HasSubstr("learning_rate is not a setting; did you mean train.learning_rate"));
}

TEST(Section, ListsWhatIsKnownWhenNothingIsNear) {
  EXPECT_EQ(refusal_hint([] { read_train(parse("train: {zzz: 1}\n")); }),
            "settings in train: learning_rate, batch");
}

TEST(Section, RefusesAScalarWhereAMappingIsExpected) {
  EXPECT_EQ(refusal([] { read_train(parse("train: fast\n", "conf.yaml")); }),
            "config.type: conf.yaml:1:8: train: \"fast\" is not a mapping");
}

TEST(Section, RequiredIsRefusedWhereItIsMissing) {
  const auto read = [](const std::string& yaml) {
    return refusal([&] {
      std::string path;
      parse(yaml, "conf.yaml").section("model", "").required("path", path, "");
    });
  };
  EXPECT_EQ(read("a: 1\n"), "config.required: model.path is not set");
  EXPECT_EQ(read("model:\n  dtype: x\n"), "config.required: model.path is not set (conf.yaml:2:3)");
  EXPECT_THAT(read("model:\n  path: ~\n"), HasSubstr("config.required: model.path is not set"));
}

TEST(Section, MaybeIsEmptiedByNullAndLeftAloneWhereAbsent) {
  std::optional<double> value = 3.0;
  parse("a: ~\n").maybe("a", value, "");
  EXPECT_FALSE(value);
  parse("b: 1\n").maybe("a", value, "");
  EXPECT_FALSE(value);
  value = 3.0;
  parse("b: 1\n").maybe("a", value, "");
  EXPECT_EQ(value, 3.0) << "what the struct holds is the default";
  parse("a: 2\n").maybe("a", value, "");
  EXPECT_EQ(value, 2.0);
}

TEST(Section, HasIsWhatIsWrittenAndNotNull) {
  const Section root = parse("a: 1\nb: ~\nc: {}\n");
  EXPECT_TRUE(root.has("a"));
  EXPECT_FALSE(root.has("b"));
  EXPECT_TRUE(root.has("c"));
  EXPECT_FALSE(root.has("d"));
  EXPECT_TRUE(Section(root).section("c", "").empty());
  EXPECT_FALSE(root.empty());
}

TEST(Section, KeysMayHoldDots) {
  Section root = parse("axes: {train.seed: [1, 2], 'a\"b': [3]}\n");
  Section axes = root.section("axes", "");
  EXPECT_THAT(axes.keys(), ElementsAre("train.seed", "a\"b"));
  std::vector<std::int64_t> seeds;
  axes.required("train.seed", seeds, "");
  EXPECT_THAT(seeds, ElementsAre(1, 2));
  EXPECT_EQ(keys_read(root).back().path, "axes.\"train.seed\"");
}

TEST(Choice, RefusesAnotherWordWithASuggestion) {
  const auto read = [] {
    std::string dtype = "bfloat16";
    parse("dtype: flaot32\n", "conf.yaml").choice("dtype", dtype, {"bfloat16", "float32"}, "");
  };
  EXPECT_EQ(refusal(read), "config.unknown: conf.yaml:1:8: dtype: `flaot32` is not one of bfloat16, float32");
  EXPECT_EQ(refusal_hint(read), "did you mean `float32`?");
}

struct Chosen {
  std::string name;
  double beta = 0.1;
};
Chosen read_objective(Section root, const std::string& default_name = "") {
  static const std::vector<std::string> names = {"npo", "rmu"};
  Chosen chosen{default_name};
  Section options = root.named("objective", chosen.name, names, "the method");
  options.optional("beta", chosen.beta, "");
  options.reject_unknown();
  root.reject_unknown();
  return chosen;
}

TEST(Named, WordAndMappingReadTheSame) {
  EXPECT_EQ(read_objective(parse("objective: npo\n")).name, "npo");
  const Chosen chosen = read_objective(parse("objective: {name: rmu, beta: 2}\n"));
  EXPECT_EQ(chosen.name, "rmu");
  EXPECT_EQ(chosen.beta, 2);
}

TEST(Named, UnknownNameIsRefusedInBothForms) {
  EXPECT_EQ(refusal([] { read_objective(parse("objective: npoo\n", "conf.yaml")); }),
            "config.unknown: conf.yaml:1:12: objective.name: `npoo` is not one of npo, rmu");
  EXPECT_EQ(refusal([] { read_objective(parse("objective:\n  name: npoo\n", "conf.yaml")); }),
            "config.unknown: conf.yaml:2:9: objective.name: `npoo` is not one of npo, rmu");
}

TEST(Named, IsRequiredUnlessItHasADefault) {
  EXPECT_EQ(refusal([] { read_objective(parse("a: 1\n")); }), "config.required: objective.name is not set");
  EXPECT_EQ(read_objective(parse("objective: {beta: 3}\n"), "npo").beta, 3);
  EXPECT_EQ(refusal([] { read_objective(parse("objective: {beta: 3}\n", "conf.yaml")); }),
            "config.required: objective.name is not set (conf.yaml:1:12)");
  EXPECT_THAT(refusal([] { read_objective(parse("objective: [npo]\n")); }),
              HasSubstr("a list is not a name"));
}

TEST(Named, OptionsOfAnotherNameAreUnknown) {
  EXPECT_THAT(refusal([] { read_objective(parse("objective: {name: npo, bta: 3}\n")); }),
              HasSubstr("objective.bta is not a setting; did you mean beta"));
}

TEST(Sections, ReadEveryEntryAndItsShorthand) {
  static const std::vector<std::string> names = {"rouge", "probability"};
  Section root = parse("metrics:\n  - rouge\n  - {name: probability, tail: 3}\n", "conf.yaml");
  std::vector<Section> metrics = root.sections("metrics", "");
  ASSERT_EQ(metrics.size(), 2u);
  std::string first, second;
  std::int64_t tail = 0;
  metrics[0].named_here(first, names, "");
  metrics[0].reject_unknown();
  metrics[1].named_here(second, names, "");
  EXPECT_EQ(refusal([&] { metrics[1].reject_unknown(); }),
            "config.unknown: conf.yaml:3:25: metrics[1].tail is not a setting");
  metrics[1].required("tail", tail, "");
  EXPECT_EQ(first, "rouge");
  EXPECT_EQ(second, "probability");
  EXPECT_TRUE(parse("a: 1\n").sections("metrics", "").empty());
}

TEST(Sections, AnEntryIsNoListAndNoNull) {
  for (const char* entry : {"[rouge]", "null", ""}) {
    Section root = parse(fmt::format("metrics:\n  - rouge\n  - {}\n", entry), "conf.yaml");
    EXPECT_THAT(refusal([&] { (void)root.sections("metrics", ""); }),
                AllOf(HasSubstr("config.type: "), HasSubstr("metrics[1]: "), HasSubstr(" is not a mapping")));
  }
}

TEST(Refuse, PutsPlaceAndPathBeforeTheMessage) {
  const Section root = parse("train:\n  steps: 3\n", "conf.yaml");
  const Section train = Section(root).section("train", "");
  EXPECT_EQ(refusal([&] { train.refuse("steps", "config.conflict", "too few"); }),
            "config.conflict: conf.yaml:2:10: train.steps: too few");
  EXPECT_EQ(refusal([&] { train.refuse("", "config.conflict", "no"); }),
            "config.conflict: conf.yaml:2:3: train: no");
  EXPECT_EQ(refusal([&] { Section().refuse("a", "config.conflict", "no"); }), "config.conflict: a: no");
}

}  // namespace
}  // namespace lethe::config
